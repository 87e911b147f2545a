"""What it costs to ask PagerDuty: one call, one comparison, one storm."""
