"""Side by side: bento and its peers on this machine, in one run. `python -m benchmarks --help`."""
