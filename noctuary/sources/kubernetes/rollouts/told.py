"""Rollouts and scalings, told as events."""

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.rollouts.revisions import Revision, Step
from noctuary.sources.kubernetes.rollouts.staging import Reach
from noctuary.sources.kubernetes.rollouts.template import TemplateSummary
from noctuary.sources.kubernetes.rollouts.words import changed_image, describe_change, restart_marks
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.rollouts.writes import Write

SCALE = "scale"
"""The subresource through which autoscalers write."""
HPA_MANAGER = "kube-controller-manager"
"""Of all controllers in it only that of HorizontalPodAutoscalers scales workloads."""
AUTOSCALERS = frozenset({"keda", "keda-operator", "cluster-proportional-autoscaler"})


class Rollout(msgspec.Struct, frozen=True):
    """One rollout; `before` None: the workload is new. `before_at` 0: nothing shows when that was rolled out.

    `is_anew`: `before` is of the workload of this name that was deleted, and digested with a salt of its own.
    """

    view: WorkloadView
    step: Step
    at: float
    before: Revision | None = None
    before_at: float = 0.0
    actor: str | None = None
    reach: Reach | None = None
    is_anew: bool = False
    spread_from: int = 0
    """How many pods ran it before, where pods are replaced by deleting them: what follows soon is the same rollout."""

    def event(self) -> ContextEvent:
        """Return it as an event; what reaches no pod yet is a change of configuration, and no rollout."""
        view, new = self.view, self.step.revision.summary()
        old = self.before.summary() if self.before is not None else None
        is_staged = self.reach is not None and self.reach.pods == 0
        return draft(
            view.ref,
            view.service_name,
            EventType.CONFIG_CHANGE if is_staged else EventType.DEPLOY,
            key=f"rollout/{self.step.number or self.step.revision.name}{self._part()}",
            at=self.at,
            old_value=_image_shown(old, new) if old is not None else None,
            new_value=_image_shown(new, old),
            confidence=0.95,
            actor=self.actor,
            extra=self._extra(new, old) | view.tool.extra() | {details.STAGED: str(self.reach or "")},
        )

    def _part(self) -> str:
        """Return what tells the steps of a rollout apart that reaches its pods in several."""
        if self.reach is None:
            return ""
        if self.reach.pods == 0:
            return "/staged"
        if self.view.deleted is not None:
            return f"/after/{self.spread_from}" if self.spread_from else ""
        return f"/partly/{self.reach.pods}"

    def _extra(self, new: TemplateSummary, old: TemplateSummary | None) -> dict[str, str]:
        extra = {
            details.IMAGE: _image_shown(new, old),
            details.REVISION: _shown(self.step.number, self.step.revision),
            details.TEMPLATE_HASH: self.step.revision.template_hash,
        }
        if self.before is None or old is None:
            return extra
        changed = changed_image(old, new)
        if self.before_at:
            extra[details.PREVIOUS_ROLLED_OUT_AT] = f"{self.before_at:.0f}"
        return extra | {
            details.PREVIOUS_IMAGE: _image_shown(old, new),
            details.PREVIOUS_REVISION: _shown(self.before.number, self.before),
            details.PREVIOUS_TEMPLATE_HASH: self.before.template_hash,
            details.CONTAINER: changed if len(new.containers) > 1 else "",
            **(self._made_anew(self.before) if self.is_anew else _differing(old, new)),
        }

    def _made_anew(self, before: Revision) -> dict[str, str]:
        """Return that the same template only started anew; what else differs, its images tell and nothing more."""
        is_same = self.step.revision.is_same_as(before)
        return {details.RESTART: "1", **_read_anew(self.step.revision.summary())} if is_same else {}


def _differing(old: TemplateSummary, new: TemplateSummary) -> dict[str, str]:
    """Return what a rollout changed; where it only restarted pods, what these have read anew."""
    marks = restart_marks(old, new)
    reads = _read_anew(new) if any(marks.values()) else {}
    return {details.CHANGED: describe_change(old, new)} | marks | reads


def _read_anew(template: TemplateSummary) -> dict[str, str]:
    """Return which ConfigMaps and Secrets pods that started anew have read, or that there is none."""
    return {details.READS: ", ".join(template.reads or []), details.READS_NOTHING: "1" if template.reads == [] else ""}


def _shown(number: int, revision: Revision) -> str:
    return str(number) if number else revision.name


def _image_shown(template: TemplateSummary, other: TemplateSummary | None) -> str:
    """Return the image that differs, else that of the first container."""
    changed = changed_image(other, template) if other is not None else ""
    return template.containers[changed].image if changed else template.image()


def scaling(view: WorkloadView, before: int | None, at: float) -> ContextEvent:
    """Make the event of a changed number of replicas."""
    write = view.replicas_write
    return draft(
        view.ref,
        view.service_name,
        EventType.SCALE_EVENT,
        key=f"scale/{view.generation}",
        at=at,
        old_value=str(before),
        new_value=str(view.replicas),
        actor=write.manager,
        extra=view.tool.extra() | {details.BY_AUTOSCALER: "1" if is_autoscaler(write) else ""},
    )


def deletion(view: WorkloadView, replicas: int, at: float) -> ContextEvent:
    """Make the event of a workload that was deleted, as a scaling to 0; by whom, nothing shows."""
    return draft(
        view.ref,
        view.service_name,
        EventType.SCALE_EVENT,
        key="deleted",
        at=at,
        old_value=str(replicas),
        new_value="0",
        extra=view.tool.extra() | {details.DELETED: "1"},
    )


def is_autoscaler(write: Write) -> bool:
    """Return whether an autoscaler wrote."""
    return write.subresource == SCALE and (write.manager == HPA_MANAGER or write.manager in AUTOSCALERS)
