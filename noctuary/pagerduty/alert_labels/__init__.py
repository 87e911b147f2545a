"""Which objects of the cluster an alert names, in the forms in which alerting systems send labels to PagerDuty."""
