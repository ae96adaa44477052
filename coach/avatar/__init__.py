"""Who asks: a small port and its adapters."""
