"""Signing: who vouches for a bundle, by a key or by an identity."""
