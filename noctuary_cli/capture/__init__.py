"""`noctuary replay --capture`: what the product reads of a live cluster, recorded without its secrets."""
