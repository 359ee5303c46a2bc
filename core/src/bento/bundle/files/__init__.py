"""Files: folders that are whole or not there, digests, and how much room there is."""
