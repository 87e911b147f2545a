"""Objects of the API server as the operator reads and writes them."""
