"""One incident, from its webhook to its one note: each step is a file named for the step."""
