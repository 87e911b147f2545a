"""The comparison: PagerDuty's list of incidents is compared with ours, and what webhooks missed is taken over."""
