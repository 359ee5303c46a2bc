"""The cache: bundles and archives that are called by a URL, kept and verified on this machine."""
