"""PagerDuty: the one place that knows its webhooks, its REST API and its limits."""
