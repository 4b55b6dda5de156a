"""Documents at rest: journal, snapshots, the graph schema, and the scan of untrusted updates."""
