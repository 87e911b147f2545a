"""ContextEvents in the store: their rows, their subjects, and the window of an incident."""
