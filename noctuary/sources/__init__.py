"""Sources of ContextEvents: one package or module per system that reports changes and faults."""
