"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "FailedGetResourceMetric",
            "message": "the server could not find the requested resource (get pods.metrics.k8s.io)",
            "metric": "CPU",
        },
        "autoscaler pay cannot read CPU metrics (the metrics server does not answer)",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetResourceMetric", "message": "missing request for cpu in container app", "metric": "CPU"},
        "autoscaler pay cannot read CPU metrics (its pods request none)",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedComputeMetricsReplicas",
            "message": "no metrics returned from resource metrics API",
            "metric": "memory",
        },
        "autoscaler pay cannot read memory metrics (none came from its pods)",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetContainerResourceMetric"},
        "autoscaler pay cannot read its metrics",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetPodsMetric"},
        "autoscaler pay cannot read its metrics",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetObjectMetric"},
        "autoscaler pay cannot read its metrics",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetExternalMetric"},
        "autoscaler pay cannot read its metrics",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "InvalidMetricSourceType"},
        "autoscaler pay cannot read its metrics",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "InvalidSelector"},
        "autoscaler pay cannot read its metrics",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetScale", "message": 'deployments.apps "pay" not found'},
        "autoscaler pay cannot scale",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedUpdateScale", "message": 'deployments.apps "pay" not found'},
        "autoscaler pay cannot scale",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedRescale", "message": 'deployments.apps "pay" not found'},
        "autoscaler pay cannot scale",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
]
