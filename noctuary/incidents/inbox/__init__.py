"""The inbox: what becomes of verified webhooks, each integration's in its turn."""
