"""One file per kind whose changes are watched."""
