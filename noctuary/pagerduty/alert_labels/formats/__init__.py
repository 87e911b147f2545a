"""One file per form in which labels come: pure functions from the details of an alert to its sets of labels."""
