"""Comparing: what differs between two bundles, and whether a client would break."""
