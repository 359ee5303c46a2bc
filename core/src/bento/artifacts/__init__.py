"""Core's own artifacts."""
