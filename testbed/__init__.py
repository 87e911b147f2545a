"""Test infrastructure: a simulated PagerDuty, real control planes and clusters, releases to test."""
