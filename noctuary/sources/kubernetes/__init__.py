"""Kubernetes as a source: what its API server reports, decoded into ContextEvents by pure functions."""

SOURCE = "kubernetes"
"""The `source` and `vendor` of all events made here."""
CLUSTER_TENANT = ""
"""The tenant of events about objects that have no namespace: nodes."""
