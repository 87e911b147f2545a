"""What should be, and what the status says: pure functions, no client."""
