"""What bounds the traffic of a port: connections, heads, bodies and work under way, shared fairly by who sends."""
