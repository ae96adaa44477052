"""Parts of the Margins page."""
