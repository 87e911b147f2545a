"""The simulated delivery of webhooks."""
