"""Which pods, and so which services, a change of an object concerns that belongs to no single workload."""
