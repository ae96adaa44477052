"""Read models for pages and notebooks: DataFrames and plotly figures."""
