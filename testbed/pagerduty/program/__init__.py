"""The simulator as a program with a control API."""
