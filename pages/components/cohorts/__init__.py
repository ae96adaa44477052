"""Parts of the Cohorts page."""
