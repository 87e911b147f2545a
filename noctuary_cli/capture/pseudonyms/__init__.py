"""Other names for everything that people named: the same one wherever a name or a part of it stands. Pure."""
