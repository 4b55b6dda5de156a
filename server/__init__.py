"""The coflow server: composition root, command line, and the doors' shared core."""
