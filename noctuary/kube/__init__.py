"""The only part that knows how to talk to a Kubernetes API server."""
