"""Objects that belong to no single workload and whose change can be a cause: what is kept of them, and what is told."""
