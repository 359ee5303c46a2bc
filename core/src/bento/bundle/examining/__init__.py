"""Examining: what is different here from what a bundle wants."""
