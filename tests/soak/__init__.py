"""Interviews going round for a long time while vendors and clients fail at random: nothing grows, nothing is lost."""
