"""A release on a local control plane: both programs under their own accounts, and a pretended kubelet."""
