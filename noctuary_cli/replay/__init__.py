"""`noctuary replay`: what the product would have written for a recorded incident, offline."""
