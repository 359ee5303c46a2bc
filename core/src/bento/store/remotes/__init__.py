"""Remotes: bundles elsewhere, the places that hold their files, and transfers between them and a store."""
