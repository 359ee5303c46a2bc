"""The manifest: what a bundle says about itself, in records whose fields are all checked."""
