"""Kinds of fault that metrics show: a signal of a workload that left its usual level."""
