"""A request's way through an api, from its body to its answer: decoded, queued, called in a batch, encoded.

Nothing here knows a transport or another process.
"""
