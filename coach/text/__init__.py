"""Pure language tools over plain strings: sentences, fillers in context, repetitions. No I/O, no state."""
