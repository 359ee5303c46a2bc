"""The cache: bundles and archives that are called by a URL, kept on this machine and verified like any other."""
