"""Records the bundles that `noctuary demo` plays, from real objects of a local control plane."""
