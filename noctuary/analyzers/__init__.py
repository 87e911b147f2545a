"""One fault kind, one file: how it is recognised, weighed, worded and repaired. Pure."""
