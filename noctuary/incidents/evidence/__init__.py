"""What an incident's evidence is read from, and which of two answers stands."""
