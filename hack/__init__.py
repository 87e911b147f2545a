"""Developers' tools: a local control plane, a PagerDuty simulator and the runs that use them."""
