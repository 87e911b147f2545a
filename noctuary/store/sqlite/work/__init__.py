"""Work that waits in the store: what is due, whose turn it is, and who is at it."""
