"""Requirements: what a bundle asks of package indexes and of conda, pinned and locked."""
