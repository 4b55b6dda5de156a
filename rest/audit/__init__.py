"""Who did what: append-only, chained by hash."""
