"""The matrix: everything that a tenant can make, each tried on an incident of another tenant."""
