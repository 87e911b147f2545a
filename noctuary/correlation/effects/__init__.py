"""What a change may bring about."""
