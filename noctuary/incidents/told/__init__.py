"""What is told of incidents: by whom, when, and what an incident is after it."""
