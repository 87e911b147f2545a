"""The release's container image: built by Docker, or by the same steps without it, with its list of ingredients."""
