"""The receiver process: takes webhooks and changes, keeps them, and writes the note."""
