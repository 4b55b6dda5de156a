"""What this server is: its version, and how one says who one is."""
