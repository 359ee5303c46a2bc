"""Processes: a worker that serves on one socket, many of them, and the supervisor that starts, replaces, drains and ends them."""
