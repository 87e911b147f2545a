"""Which container keeps a pod from being ready, where none of them fails: nothing reports what merely goes on."""

from collections.abc import Iterator

from noctuary.analyzers.resources.unready import GATE, INIT, NOT_READY, SIDECAR
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.containers.pod_parts import condition_of, was_never_ready
from noctuary.sources.kubernetes.live_namespace import Member
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.pods import LiveContainer, LiveContainerStatus, LiveProbe
from noctuary.sources.kubernetes.specs.resources.telling import of_pod, unready_pods

INIT_S = 120.0
"""An init container that prepares something takes seconds, a migration a minute or two."""
READY_S = 90.0
"""Most programs are ready sooner after their start."""
GATES = "ReadinessGatesNotReady"
KILLS = frozenset({137, 143})
"""Exit codes of a container that its kubelet ended: at once, or when it was asked to end."""
GRACE_S = 35.0
"""For how long a container may go on after it was asked to end, and some seconds."""
LEAST_KILLS = 2


def unready_containers(place: Place) -> Iterator[ContextEvent]:
    """Yield what of each pod that is not ready makes it so; of a pod that fails, its failure tells more."""
    for member in unready_pods(place):
        yield from _init(place, member)
        yield from _main(place, member)
        yield from _killed(place, member)


def _init(place: Place, member: Member) -> Iterator[ContextEvent]:
    """Yield the init container that runs for long, or the sidecar that is not started: all others wait for it."""
    sidecars = {each.name for each in member.pod.spec.init_containers if each.keeps_running}
    for status in member.pod.status.init_container_statuses:
        since = _running_since(status)
        is_stuck = status.started is False if status.name in sidecars else True
        if is_stuck and 0 < since < place.now - INIT_S:
            reason = SIDECAR if status.name in sidecars else INIT
            yield of_pod(place, member, reason, since, _named(member, status.name), status.name)
            return


def _main(place: Place, member: Member) -> Iterator[ContextEvent]:
    """Yield the container that runs and is not ready beside others that are; or the gate that nobody opened."""
    ready = condition_of(member.pod.status, "Ready")
    since = seconds(ready.last_transition_time) if ready is not None else 0.0
    statuses = member.pod.status.container_statuses
    late = [each for each in statuses if not each.ready and 0 < _running_since(each) < place.now - READY_S]
    if ready is not None and ready.reason == GATES and statuses and all(each.ready for each in statuses):
        yield of_pod(place, member, GATE, since, {details.MESSAGE: ready.message})
    elif late and len(statuses) > 1 and any(each.ready for each in statuses):
        yield of_pod(place, member, NOT_READY, since, _named(member, late[0].name), late[0].name)


def _killed(place: Place, member: Member) -> Iterator[ContextEvent]:
    """Yield the probe that ends a container each time before it was ready, after as long as it allows for that."""
    if not was_never_ready(member.pod.metadata, member.pod.status):
        return
    specs = {each.name: each for each in member.pod.spec.running()}
    for status in member.pod.status.container_statuses:
        ended, spec = status.last_state.terminated or status.state.terminated, specs.get(status.name)
        if spec is None or ended is None or ended.exit_code not in KILLS or status.restart_count < LEAST_KILLS:
            continue
        ran_s = seconds(ended.finished_at) - seconds(ended.started_at)
        name, probe = _killing(spec)
        if probe is not None and ended.reason != "OOMKilled" and _fits(probe, ran_s):
            extra = _named(member, status.name) | {
                details.PROBE: name,
                details.PROBE_TARGET: member.identity.probes.get(f"{status.name}/{name}", ""),
                details.PROBE_ALLOWS: str(_allows_s(probe)),
                details.KILLED: "1",
                details.RESTARTS: str(status.restart_count),
            }
            began = seconds(member.pod.status.start_time)
            yield of_pod(place, member, "Unhealthy", began, extra, f"{status.name}/Unhealthy/{name}")


def _killing(spec: LiveContainer) -> tuple[str, LiveProbe | None]:
    """Return the probe that watches the start: as long as there is one for it, the other one does not ask."""
    return ("startup", spec.startup_probe) if spec.startup_probe is not None else ("liveness", spec.liveness_probe)


def _allows_s(probe: LiveProbe) -> int:
    return probe.initial_delay_seconds + probe.failure_threshold * probe.period_seconds


def _fits(probe: LiveProbe, ran_s: float) -> bool:
    allowed = _allows_s(probe)
    return allowed - 2 * probe.period_seconds <= ran_s <= allowed + probe.period_seconds + GRACE_S


def _running_since(status: LiveContainerStatus) -> float:
    return seconds(status.state.running.started_at) if status.state.running is not None else 0.0


def _named(member: Member, container: str) -> dict[str, str]:
    return {details.CONTAINER: container, details.CONTAINER_ROLE: member.identity.roles.get(container, "")}
