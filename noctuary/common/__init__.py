"""What every room may use: errors, time, text, logs, locks, tasks, backoff, the HTTP client and metrics."""
