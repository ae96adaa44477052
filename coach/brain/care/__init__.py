"""What must be noticed before anything is praised, quoted, asked or saved; knows no vendor."""
