"""Files: folders that are complete or not there, digests, and the room on the disk."""
