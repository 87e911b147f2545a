"""What is reported, and the words that the note makes of it."""

from noctuary.analyzers.cluster.storage import HELP, WHYS
from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "FailedAttachVolume", "message": "Multi-Attach error for volume pvc-1"},
        "1 pod of pay cannot mount a volume (another node still holds it)",
        "new pods cannot mount a volume (another node still holds it)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedMount", "message": "Unable to attach or mount volumes: timed out waiting for the condition"},
        "2 pods of pay cannot mount a volume (it took too long)",
        "new pods cannot mount a volume (it took too long)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "FailedMount", "message": "references non-existent secret key: url"},
        "1 pod of pay cannot mount a volume (a key of its ConfigMap or Secret is missing)",
        "new pods cannot mount a volume (a key of its ConfigMap or Secret is missing)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedMount", "message": "hostPath type check failed: /data is not a directory"},
        "1 pod of pay cannot mount a volume (its path on the node is not as asked)",
        "new pods cannot mount a volume (its path on the node is not as asked)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedMount", "message": "driver name x.csi not found in the list of registered CSI drivers"},
        "1 pod of pay cannot mount a volume (its driver is not on the node)",
        "new pods cannot mount a volume (its driver is not on the node)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedMount", "message": "mount.nfs: Connection refused"},
        "1 pod of pay cannot mount a volume (its server is not reached)",
        "new pods cannot mount a volume (its server is not reached)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedMapVolume", "message": "access denied by server"},
        "1 pod of pay cannot mount a volume (access denied)",
        "new pods cannot mount a volume (access denied)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "ProvisioningFailed",
            "message": 'storageclass.storage.k8s.io "fast" not found',
            "claim": "data",
            "storage_class": "fast",
            "claim_size": "10Gi",
        },
        "1 pod of pay waits for volume claim data of class fast, 10Gi (no such storage class)",
        "new pods wait for volume claim data of class fast, 10Gi (no such storage class)",
        "kubectl -n shop describe persistentvolumeclaim/data",
    ),
    Case(
        {"reason": "ProvisioningFailed", "message": "ResourceExhausted: limit exceeded", "claim": "data"},
        "1 pod of pay waits for volume claim data (the storage's quota is used up)",
        "new pods wait for volume claim data (the storage's quota is used up)",
        "kubectl -n shop describe persistentvolumeclaim/data",
    ),
    Case(
        {
            "reason": "FailedBinding",
            "message": "no persistent volumes available for this claim and no storage class is set",
            "claim": "data",
        },
        "1 pod of pay waits for volume claim data (no volume fits, and no storage class makes one)",
        "new pods wait for volume claim data (no volume fits, and no storage class makes one)",
        "kubectl -n shop describe persistentvolumeclaim/data",
    ),
    Case(
        {"reason": "VolumeMismatch", "claim": "data"},
        "2 pods of pay wait for volume claim data",
        "new pods wait for volume claim data",
        "kubectl -n shop describe persistentvolumeclaim/data",
        pods=2,
    ),
    Case(
        {"reason": "ClaimLost", "claim": "data"},
        "1 pod of pay waits for volume claim data (its volume is gone)",
        "new pods wait for volume claim data (its volume is gone)",
        "kubectl -n shop describe persistentvolumeclaim/data\n"
        "# its data may be lost: look for the volume before it is made anew",
    ),
    Case(
        {"reason": "VolumeResizeFailed", "claim": "data"},
        "1 pod of pay cannot enlarge volume claim data",
        "new pods cannot enlarge volume claim data",
        "kubectl -n shop describe persistentvolumeclaim/data",
    ),
    Case(
        {"reason": "FileSystemResizeFailed"},
        "1 pod of pay cannot enlarge a volume",
        "new pods cannot enlarge a volume",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "ClaimMissing", "claim": "data"},
        "1 pod of pay waits for volume claim data (it does not exist)",
        "new pods wait for volume claim data (it does not exist)",
        "kubectl -n shop get persistentvolumeclaims\n# create it, or name the right one",
    ),
    *(
        Case(
            {"reason": reason, "claim": "data", "storage_class": "fast"},
            f"1 pod of pay waits for volume claim data of class fast ({why})",
            f"new pods wait for volume claim data of class fast ({why})",
            "kubectl -n shop describe persistentvolumeclaim/data" + (f"\n# {HELP[reason]}" if reason in HELP else ""),
        )
        for reason, why in WHYS.items()
        if reason not in ("ClaimMissing", "ClaimLost")
    ),
]
