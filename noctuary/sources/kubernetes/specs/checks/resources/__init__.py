"""Checks of what pods need before they run: room, volumes, accounts, a controller that acts."""
