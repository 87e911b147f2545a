"""From candidates to probabilities: every candidate, what was not seen, and none of these, which sum to 1."""
