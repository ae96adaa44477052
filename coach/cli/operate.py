"""Commands of this group; filled by its owner."""
