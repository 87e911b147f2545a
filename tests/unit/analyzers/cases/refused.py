"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CALL = 'failed calling webhook "inject.istio.io": failed to call webhook: Post "https://istiod.istio.svc:443/inject": '
X509 = "tls: failed to verify certificate: x509: "
NOW = "current time 2026-09-22T13:56:41Z is "
WEBHOOKS = [
    (
        X509 + f"certificate has expired or is not yet valid: {NOW}after 2026-09-22T00:00:00Z",
        "an admission webhook's certificate has expired",
        "renew the certificate of the webhook that is named below",
    ),
    (
        X509 + f"certificate has expired or is not yet valid: {NOW}before 2026-09-23T00:00:00Z",
        "an admission webhook's certificate is not trusted",
        "check the certificate and the caBundle of the webhook that is named below",
    ),
    (
        X509 + "certificate signed by unknown authority",
        "an admission webhook's certificate is not trusted",
        "check the certificate and the caBundle of the webhook that is named below",
    ),
    (
        'no endpoints available for service "istiod"',
        "an admission webhook does not answer",
        "check that the webhook that is named below runs",
    ),
    (
        "context deadline exceeded",
        "an admission webhook does not answer",
        "check that the webhook that is named below runs",
    ),
    (
        "the server could not find the requested resource",
        "an admission webhook fails",
        "check the webhook that is named below",
    ),
]
CASES = [
    Case(
        {"reason": "FailedCreate", "quota": "small", "quota_limit": "pods=2"},
        "pods of pay exceed quota small (pods=2)",
        "new pods exceed quota small (pods=2)",
        "kubectl -n shop describe resourcequota/small\n# raise it, or ask for less",
    ),
    Case(
        {"reason": "FailedCreate", "quota": "small"},
        "pods of pay exceed quota small",
        "new pods exceed quota small",
        "kubectl -n shop describe resourcequota/small\n# raise it, or ask for less",
    ),
    Case(
        {"reason": "FailedCreate", "message": 'violates PodSecurity "restricted"'},
        "pods of pay cannot be created (Pod Security forbids them)",
        "new pods cannot be created (Pod Security forbids them)",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate", "message": "error looking up service account shop/pay"},
        "pods of pay cannot be created (their service account is missing)",
        "new pods cannot be created (their service account is missing)",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate", "message": "admission webhook denied the request"},
        "pods of pay cannot be created (an admission policy denies them)",
        "new pods cannot be created (an admission policy denies them)",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate", "message": "maximum cpu usage per Container is 1"},
        "pods of pay cannot be created (outside the limit range)",
        "new pods cannot be created (outside the limit range)",
        "kubectl -n shop describe deployment/pay",
    ),
    *(
        Case(
            {"reason": "FailedCreate", "message": CALL + end},
            f"pods of pay cannot be created ({why})",
            f"new pods cannot be created ({why})",
            f"kubectl -n shop describe deployment/pay\n# {remark}",
        )
        for end, why, remark in WEBHOOKS
    ),
    Case(
        {"reason": "FailedCreate"},
        "pods of pay cannot be created",
        "new pods cannot be created",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate", "quota": "small", "quota_limit": "requests.memory=2Gi", "quota_used": "1792Mi"},
        "pods of pay exceed quota small (1792Mi of 2Gi requests.memory used)",
        "new pods exceed quota small (1792Mi of 2Gi requests.memory used)",
        "kubectl -n shop describe resourcequota/small\n# raise it, or ask for less",
    ),
    Case(
        {"reason": "FailedCreate", "quota": "small", "quota_demands": "limits.memory"},
        "pods of pay cannot be created (quota small wants limits.memory of each container)",
        "new pods cannot be created (quota small wants limits.memory of each container)",
        "kubectl -n shop describe resourcequota/small\n# set it in the template",
    ),
    Case(
        {
            "reason": "FailedCreate",
            "limit_range": "bounds",
            "message": "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        },
        "pods of pay cannot be created (outside the limit range)",
        "new pods cannot be created (outside the limit range)",
        "kubectl -n shop describe limitrange/bounds\n# widen it, or ask for what it allows",
    ),
    Case(
        {"reason": "FailedCreate", "account": "deployer", "message": 'serviceaccount "deployer" not found'},
        "pods of pay cannot be created (no service account deployer)",
        "new pods cannot be created (no service account deployer)",
        "kubectl -n shop get serviceaccounts\n# create service account deployer, or name the right one",
    ),
]
