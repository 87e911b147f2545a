"""Checks of what pods call each other by: Services, routes, policies, ports and addresses."""
