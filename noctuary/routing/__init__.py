"""Which integration a request, token or incident belongs to."""
