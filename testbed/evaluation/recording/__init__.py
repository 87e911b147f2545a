"""How a scenario is played on the local control plane and becomes a bundle."""
