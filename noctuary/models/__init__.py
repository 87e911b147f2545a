"""What is handed between rooms: typed data without behaviour of its own."""
