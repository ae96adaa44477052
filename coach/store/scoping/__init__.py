"""Whose rows a question reaches: the rules, the wall every statement passes, the same as row-level security."""
