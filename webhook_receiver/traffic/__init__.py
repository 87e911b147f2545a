"""What bounds the work of the receiver: bodies and requests under way, shared fairly by who sends."""
