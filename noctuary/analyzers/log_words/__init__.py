"""What programs say before they end: a file for each reason, with its words, its sentence and its remedy."""
