"""Which workload an incident is about where its alerts name one: within what the integration may see, and no more."""
