"""The engine of Job Foxy: usable from a page, a notebook, the command line or a test; free of Streamlit."""

__version__ = "0.1.0"
