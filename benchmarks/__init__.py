"""Side by side: what a request costs `bento serve`, and what it costs without bento. `python -m benchmarks --help`."""
