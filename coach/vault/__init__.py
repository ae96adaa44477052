"""Encryption at rest: a key per person, wrapped by the installation's, and what is sealed with them."""
