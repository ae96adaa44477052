"""The heart, vendor-free: states, conductor, plan, roll-up, summary."""
