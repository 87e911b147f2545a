"""An operator as a process of its own, and teams that write manifests, for tests on a real API server."""
