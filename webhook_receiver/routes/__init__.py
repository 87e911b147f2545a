"""The routes of the receiver: parse, call one function, answer."""
