"""The namespaces of one look, kept until it is over: an alert may name what is in them after they were read."""
