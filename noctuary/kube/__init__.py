"""The only room that knows how to talk to a Kubernetes API server."""
