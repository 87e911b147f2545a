"""Correlation: which change explains an incident. Pure functions over what was stored and seen, no I/O."""
