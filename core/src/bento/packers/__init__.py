"""Core's own packers."""
