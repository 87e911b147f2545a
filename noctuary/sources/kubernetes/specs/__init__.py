"""Faults that stand in specs: what services of an incident refer to and do not find, read at incident time."""
