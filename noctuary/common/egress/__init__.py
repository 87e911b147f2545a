"""The one way out: whom we may ask, at which addresses, for how long, and how much of an answer is read."""
