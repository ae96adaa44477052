"""Parts of the Operations page."""
