"""What programs say before they end, and the words that the note makes of it."""
