"""`noctuary demo`: recorded incidents and the notes that they get, without a cluster and without PagerDuty."""
