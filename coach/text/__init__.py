"""Plain language tools shared by speech and brain: sentences, fillers in context, numbers, word stems."""
