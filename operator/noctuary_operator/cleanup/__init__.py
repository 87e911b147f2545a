"""What is done before a release is removed: `noctuary cleanup`."""
