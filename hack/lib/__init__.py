"""What builds share: caches, child processes, the Go toolchain."""
