"""A real Prometheus on loopback that holds a past which a test wrote."""
