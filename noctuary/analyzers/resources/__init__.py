"""Kinds of fault of what pods need before they run: a controller that acts, a rollout that goes on."""
