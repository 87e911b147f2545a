"""Whom an incident is believed to: what PagerDuty confirms with whose token, and who writes the note."""
