"""One file per watched Kubernetes kind."""
