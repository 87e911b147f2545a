"""Mutated requests: 100,000 of them, seeded, over raw sockets to both doors; none may break, hang or get in."""
