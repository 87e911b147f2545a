"""Prometheus' HTTP API: range queries, of Prometheus itself or of whatever speaks like it."""
