"""The operator process: turns PagerDutyIntegration resources into tokens, routes and honest status."""
