"""The coach's judgement: a small port, its adapters, sections, guards, repair."""
