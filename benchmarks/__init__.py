"""Benchmarks: the real server in one process, a load generator in another, medians of runs."""
