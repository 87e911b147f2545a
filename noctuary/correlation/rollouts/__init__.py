"""Rollouts as causes: what speaks against one, how its pods fare, how sure it is."""
