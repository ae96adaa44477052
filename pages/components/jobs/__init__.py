"""Parts of the Jobs & resumes page."""
