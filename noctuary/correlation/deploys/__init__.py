"""One deploy that two sources tell: what delivers it posts a commit, the cluster shows the rollout."""
