"""Door 2: sockets and rooms."""
