"""Prometheus' HTTP API: range queries and alerting rules, of Prometheus itself or of whatever speaks like it."""
