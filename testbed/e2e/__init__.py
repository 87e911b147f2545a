"""What end-to-end tests do: kubectl, Helm, the PagerDuty simulator beside the cluster, and a team that uses it all."""
