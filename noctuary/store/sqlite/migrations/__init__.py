"""Migrations that are too long for the list of them, one module each."""
