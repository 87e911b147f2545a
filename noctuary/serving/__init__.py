"""HTTP/1.1 ports of our processes, bounded in connections, bytes and time."""
