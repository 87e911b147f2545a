"""What goes wrong, one file for each family; `testbed.evaluation.registry` lists them."""
