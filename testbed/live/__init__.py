"""Really broken and healthy workloads on a kind cluster, their causes written down first, and how the notes fare."""
