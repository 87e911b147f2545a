"""The one command `noctuary`, the only root that may import both processes."""
