"""Kinds of fault between pods: Services, routes, policies and addresses that lead nowhere, read from specs."""
