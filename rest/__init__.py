"""Door 1: HTTP. One folder per feature."""
