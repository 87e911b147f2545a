"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "ErrImagePull", "image": "registry.example.com/pay:9", "message": "manifest unknown"},
        "1 pod of pay cannot pull image pay:9 (not found)",
        "the image cannot be pulled (not found)",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "ImagePullBackOff", "image": "pay:9", "message": "Back-off pulling image"},
        "2 pods of pay cannot pull image pay:9",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
        pods=2,
    ),
    Case(
        {"reason": "BackOff", "message": 'Back-off pulling image "pay:9"'},
        "1 pod of pay cannot pull image (unnamed)",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "Failed", "message": "Failed to pull image: 429 toomanyrequests"},
        "1 pod of pay cannot pull image (unnamed) (rate limit of the registry)",
        "the image cannot be pulled (rate limit of the registry)",
        "kubectl -n shop describe pod/pay-0\n# pull with an account, or wait until the limit is over",
    ),
    Case(
        {"reason": "ErrImagePull", "message": "pull access denied"},
        "1 pod of pay cannot pull image (unnamed) (access denied)",
        "the image cannot be pulled (access denied)",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "ErrImagePull", "message": "dial tcp: no such host"},
        "1 pod of pay cannot pull image (unnamed) (registry not reached)",
        "the image cannot be pulled (registry not reached)",
        "kubectl -n shop describe pod/pay-0\n# check that its node reaches the registry",
    ),
    Case(
        {"reason": "InvalidImageName", "message": "couldn't parse image reference"},
        "1 pod of pay cannot pull image (unnamed) (not a valid name)",
        "the image cannot be pulled (not a valid name)",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "ErrImageNeverPull"},
        "1 pod of pay cannot pull image (unnamed)",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "ImageInspectError"},
        "1 pod of pay cannot pull image (unnamed)",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "RegistryUnavailable"},
        "1 pod of pay cannot pull image (unnamed)",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "ErrImagePull", "message": "no match for platform in manifest: not found", "image": "pay:9"},
        "1 pod of pay cannot pull image pay:9 (not for this CPU architecture)",
        "the image cannot be pulled (not for this CPU architecture)",
        "kubectl -n shop describe pod/pay-0\n# build it for the architecture of its nodes",
    ),
    Case(
        {
            "reason": "ErrImagePull",
            "message": "pull access denied, repository does not exist or may require authorization",
            "image": "pay:9",
        },
        "1 pod of pay cannot pull image pay:9 (no such image, or access denied)",
        "the image cannot be pulled (no such image, or access denied)",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "ErrImagePull", "message": "x509: certificate signed by unknown authority", "image": "pay:9"},
        "1 pod of pay cannot pull image pay:9 (the registry's certificate is not trusted)",
        "the image cannot be pulled (the registry's certificate is not trusted)",
        "kubectl -n shop describe pod/pay-0\n# let the nodes trust the certificate of the registry",
    ),
    Case(
        {"reason": "ErrImagePull", "message": "x509: certificate has expired or is not yet valid", "image": "pay:9"},
        "1 pod of pay cannot pull image pay:9 (the registry's certificate has expired)",
        "the image cannot be pulled (the registry's certificate has expired)",
        "kubectl -n shop describe pod/pay-0\n# renew the certificate of the registry, or pull from another one",
    ),
    Case(
        {"reason": "ErrImagePull", "message": "no space left on device", "image": "pay:9"},
        "1 pod of pay cannot pull image pay:9 (the node's disk is full)",
        "the image cannot be pulled (the node's disk is full)",
        "kubectl -n shop describe pod/pay-0\n# free the disk of its node",
    ),
    Case(
        {"reason": "ErrImagePull", "message": "401 Unauthorized", "image": "pay:9", "pull_secret": "regcred"},
        "1 pod of pay cannot pull image pay:9 (no pull secret regcred; access denied)",
        "the image cannot be pulled (no pull secret regcred; access denied)",
        "kubectl -n shop describe pod/pay-0\n# create pull secret regcred, or name the right one",
    ),
    Case(
        {"reason": "ImagePullBackOff", "image": "envoy:9", "container": "envoy", "container_role": "container"},
        "1 pod of pay cannot pull image envoy:9 of container envoy",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "SignatureValidationFailed", "image": "pay:9"},
        "1 pod of pay cannot pull image pay:9",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
    Case(
        {"reason": "InspectFailed", "image": "pay:9"},
        "1 pod of pay cannot pull image pay:9",
        "the image cannot be pulled",
        "kubectl -n shop describe pod/pay-0\n# check the name of the image, and its pull secret",
    ),
]
