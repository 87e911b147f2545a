"""What the running pods cost: time from the start of the container to Ready, memory at rest."""

import json
from datetime import datetime

from testbed.e2e.kubectl import Manifest
from testbed.e2e.release import ChartRelease


def start_up_s(pod: Manifest) -> float:
    """Return the seconds from the start of a pod's container until the pod was ready; Kubernetes reports whole ones."""
    (container,) = pod["status"]["containerStatuses"]
    (ready,) = [each for each in pod["status"]["conditions"] if each["type"] == "Ready"]
    began, ended = container["state"]["running"]["startedAt"], ready["lastTransitionTime"]
    return (_time(ended) - _time(began)).total_seconds()


def memory_mib(release: ChartRelease, component: str) -> float | None:
    """Return the working set of a pod as its kubelet sees it, or None while it has not looked yet."""
    pod = release.pod(component)
    node = pod["spec"]["nodeName"]
    summary = json.loads(release.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary"))
    found = [each for each in summary["pods"] if each["podRef"]["uid"] == pod["metadata"]["uid"]]
    used = [each["memory"].get("workingSetBytes", 0) for each in found if "memory" in each]
    return used[0] / 2**20 if used and used[0] else None


def _time(text: str | datetime) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)
