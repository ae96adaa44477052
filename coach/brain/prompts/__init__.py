"""Prompt bundles and the policy they carry."""
