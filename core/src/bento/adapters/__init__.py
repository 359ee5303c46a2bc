"""Core's own adapters."""
