"""A kind cluster for end-to-end tests, on any machine with Docker or where Docker can be started."""
