"""Processes: a worker that serves on one socket, many of them, and who starts, replaces, drains and ends them."""
