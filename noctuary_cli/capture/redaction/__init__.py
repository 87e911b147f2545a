"""What of an object may leave the cluster: what is not known to be harmless is a keyed hash. Pure."""
