"""Kinds of fault around the containers: what nodes, volumes, networks and controllers refuse or report."""
