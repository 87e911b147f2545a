"""What bounds, feeds and starts pods, as it is read at incident time: quotas, claims, autoscalers, jobs."""
