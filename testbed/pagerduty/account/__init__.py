"""The simulated account: users, services, incidents, subscriptions."""
