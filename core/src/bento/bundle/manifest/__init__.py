"""The manifest: what a bundle says of itself, in records whose every field is checked."""
