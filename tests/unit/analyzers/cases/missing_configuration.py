"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "CreateContainerConfigError", "missing_kind": "ConfigMap", "missing_name": "settings"},
        "1 pod of pay cannot start: ConfigMap settings is missing",
        "ConfigMap settings is missing",
        "kubectl -n shop get configmaps\n# create ConfigMap settings, or name the right one",
    ),
    Case(
        {"reason": "CreateContainerConfigError", "missing_kind": "Secret", "missing_name": "db", "missing_key": "url"},
        "2 pods of pay cannot start: key url of Secret db is missing",
        "key url of Secret db is missing",
        "kubectl -n shop describe secret/db\n# add key url to it",
        pods=2,
    ),
    Case(
        {"reason": "FailedMount", "missing_kind": "Secret", "missing_name": "tls"},
        "1 pod of pay cannot start: Secret tls is missing",
        "Secret tls is missing",
        "kubectl -n shop get secrets\n# create Secret tls, or name the right one",
    ),
    Case(
        {"reason": "Failed", "missing_kind": "ConfigMap", "missing_name": "not a name"},
        "1 pod of pay cannot start: ConfigMap with an odd name is missing",
        "ConfigMap with an odd name is missing",
        "kubectl -n shop get configmaps\n# create what is missing, or name the right one",
    ),
    Case(
        {"reason": "CreateContainerConfigError"},
        "1 pod of pay cannot start: configuration is missing",
        "configuration is missing",
        "kubectl -n shop describe pod/pay-0",
    ),
]
