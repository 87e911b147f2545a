"""Sources of ContextEvents: one package per system that tells us of changes and faults."""
