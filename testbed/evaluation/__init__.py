"""Incidents made on a real API server, each with its truth, and how well the product's answers meet it."""
