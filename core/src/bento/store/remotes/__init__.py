"""Remotes: bundles elsewhere, the places their files lie at, and what travels between them and a store."""
