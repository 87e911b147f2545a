"""Fits the weights of the ranking to labelled incidents: plain gradient descent, the same result on each run."""
