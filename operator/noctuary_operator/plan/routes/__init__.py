"""The kinds of route and what each should be."""
