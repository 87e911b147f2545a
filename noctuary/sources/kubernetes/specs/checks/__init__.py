"""One file per check of specs: pure functions over what was read of one namespace."""
