"""Metrics as evidence: range answers of Prometheus become signals of workloads, and their steps become events."""

SOURCE = "prometheus"
