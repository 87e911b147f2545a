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
        "autoscaler pay cannot read CPU metrics (the metrics server does not answer)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetResourceMetric", "message": "missing request for cpu in container app", "metric": "CPU"},
        "autoscaler pay cannot read CPU metrics (its pods request none)",
        "autoscaler pay cannot read CPU metrics (its pods request none)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedComputeMetricsReplicas",
            "message": "no metrics returned from resource metrics API",
            "metric": "memory",
        },
        "autoscaler pay cannot read memory metrics (none came from its pods)",
        "autoscaler pay cannot read memory metrics (none came from its pods)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetContainerResourceMetric"},
        "autoscaler pay cannot read its metrics",
        "autoscaler pay cannot read its metrics",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetPodsMetric"},
        "autoscaler pay cannot read its metrics",
        "autoscaler pay cannot read its metrics",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetObjectMetric"},
        "autoscaler pay cannot read its metrics",
        "autoscaler pay cannot read its metrics",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetExternalMetric"},
        "autoscaler pay cannot read its metrics",
        "autoscaler pay cannot read its metrics",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "InvalidMetricSourceType"},
        "autoscaler pay cannot read its metrics",
        "autoscaler pay cannot read its metrics",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "InvalidSelector"},
        "autoscaler pay cannot read its metrics",
        "autoscaler pay cannot read its metrics",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedGetScale", "message": 'deployments.apps "pay" not found'},
        "autoscaler pay cannot scale",
        "autoscaler pay cannot scale",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedUpdateScale", "message": 'deployments.apps "pay" not found'},
        "autoscaler pay cannot scale",
        "autoscaler pay cannot scale",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedRescale", "message": 'deployments.apps "pay" not found'},
        "autoscaler pay cannot scale",
        "autoscaler pay cannot scale",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "TooManyReplicas", "replicas": "10"},
        "autoscaler pay wants more than its maximum of 10 pods",
        "autoscaler pay wants more than its maximum of 10 pods",
        "kubectl -n shop describe horizontalpodautoscaler/pay\n"
        "# raise its maximum, or find why each pod needs more than before",
        pods=0,
        about="HorizontalPodAutoscaler",
    ),
    Case(
        {"reason": "TooManyReplicas", "replicas": "a lot"},
        "autoscaler pay wants more than its maximum",
        "autoscaler pay wants more than its maximum",
        "kubectl -n shop describe horizontalpodautoscaler/pay\n"
        "# raise its maximum, or find why each pod needs more than before",
        pods=0,
        about="HorizontalPodAutoscaler",
    ),
]
