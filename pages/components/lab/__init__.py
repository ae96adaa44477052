"""Parts of the Prompt lab page."""
