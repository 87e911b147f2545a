"""The outbox: which note is wanted, how it gets to its destination exactly once, and what became of each attempt."""
