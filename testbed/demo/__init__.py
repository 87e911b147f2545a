"""The main job on embedded parts: an incident fires, its note appears."""
