"""Workloads and their revisions: what differs between two of them, and the baselines they are compared with."""
