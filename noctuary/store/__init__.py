"""The durable store: what is accepted here survives a crash."""
