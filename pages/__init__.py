"""Screens of the workbench; everything that imports Streamlit."""
