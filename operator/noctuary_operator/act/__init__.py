"""What the operator does: reconcile, apply, remove, report."""
