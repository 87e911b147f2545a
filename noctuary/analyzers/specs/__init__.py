"""Kinds of fault that stand in specs: nothing reports them, the live view reads them."""
