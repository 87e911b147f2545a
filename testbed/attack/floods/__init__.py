"""Floods: one tenant, or a client without anything, takes as much as it can, and a second tenant is watched."""
