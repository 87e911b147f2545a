"""Attacks on a release from outside: what a tenant, a sender and a client without anything may do to others."""
