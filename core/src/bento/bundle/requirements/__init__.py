"""Requirements: what a bundle needs from package indexes and from conda, pinned and locked."""
