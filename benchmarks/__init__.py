"""Numbers, each printed beside a reference measured in the same run; nothing here is a test."""
