"""Who owns a workload: what Argo CD, Flux, Helm or an operator keeps is changed there, not by hand."""

import shlex
from typing import NamedTuple

from noctuary.analyzers.base import Advice
from noctuary.common.words import is_kind, is_label, is_subdomain, plain_phrase, short_sha
from noctuary.correlation.deploys.fit import BY_HAND, tool_of
from noctuary.models import details
from noctuary.models.diagnosis import Change, Diagnosis, Subject
from noctuary.models.evidence import Standing
from noctuary.notes.posted import as_lent, lender_of
from noctuary.notes.values import rollouts_of_row

_SYNCED = frozenset({"argocd", "flux"})
_TITLES = {"argocd": "Argo CD", "flux": "Flux", "helm": "Helm"}


class Owner(NamedTuple):
    """The tool, and the Application, Kustomization, release or `Kind name` by which it knows the workload.

    `namespace` is another one than the workload's, where the release is said to be.
    """

    tool: str
    app: str
    namespace: str = ""


def owner_of(subject: Subject, told: dict[str, str], diagnosis: Diagnosis, standing: Standing | None) -> Owner | None:
    """Return who owns a workload, as it shows now, as its event tells or another change of it; None: not known."""
    read = (standing.revisions if standing is not None else None) or []
    now = [
        {details.TOOL: each.tool, details.TOOL_APP: each.tool_app, details.TOOL_NAMESPACE: each.tool_namespace}
        for each in read
        if each.subject == subject
    ]
    others = [change.details for change in changes_of(diagnosis) if change.subject == subject]
    found = next((each for each in [*now, told, *others] if each.get(details.TOOL)), None)
    if found is None:
        return None
    tool = found[details.TOOL]
    return Owner(tool, _app_of(tool, found.get(details.TOOL_APP, "")), found.get(details.TOOL_NAMESPACE, ""))


def _app_of(tool: str, text: str) -> str:
    """Return what an owner calls the workload's origin; nothing for what no object can be called."""
    kind, _, name = text.rpartition(" ")
    return text if is_subdomain(name) and (is_kind(kind) if tool == "operator" else not kind) else ""


def changes_of(diagnosis: Diagnosis) -> list[Change]:
    """Return all changes that a diagnosis names."""
    blamed = [cause.change for cause in [*diagnosis.causes, *diagnosis.weak] if cause.change is not None]
    return [*blamed, *(aside.change for aside in diagnosis.set_aside)]


def change_at_owner(owner: Owner, subject: Subject, what: str) -> Advice:
    """Return where to change something that is not the fault of one rollout: replicas, a limit."""
    if owner.tool == "operator":
        return Advice(f"{what} in {_operated(owner, subject)}")
    return Advice(f"{what} in {_place(owner)}; {_undone(owner, 'a change')}")


def revert_at_owner(owner: Owner, change: Change) -> Advice:
    """Return where to revert a rollout: the commit where one is known, else the last one; the release; the object."""
    if owner.tool == "operator":
        return Advice(f"change it in {_operated(owner, change.subject)}")
    if owner.tool == "helm":
        return _roll_release_back(owner, change)
    if owner.tool in _SYNCED and (change.actor or "").startswith(BY_HAND):
        return Advice(f"sync {_place(owner)}, as no commit but a hand changed this")
    sha, later = short_sha(change.sha), len(rollouts_of_row(change))
    if sha:
        commits = f"{sha} and what came after it" if later else sha
        said = f"revert commit {commits} ({_place(owner, in_brackets=True)}){_lent(owner, change)}"
        return Advice(f"{said}; {_undone(owner, 'a rollback')}")
    commits = f"the commits of the last {later + 1} rollouts" if later else "the last commit"
    return Advice(f"revert {commits} of {_place(owner)}; {_undone(owner, 'a rollback')}")


def _lent(owner: Owner, change: Change) -> str:
    """Return who told the commit, where that is not the tool that owns the workload."""
    lender = lender_of(change)
    return as_lent(lender) if lender and tool_of(lender) != owner.tool else ""


def _roll_release_back(owner: Owner, change: Change) -> Advice:
    """The history names the revision to give to `helm rollback`; which one is known to Helm only."""
    namespace = owner.namespace or change.subject.namespace
    later = len(rollouts_of_row(change))
    if not is_subdomain(owner.app) or not is_label(namespace):
        return Advice(f"roll back {_place(owner)} with helm rollback; {_undone(owner, 'a rollback')}")
    command = shlex.join(["helm", "-n", namespace, "history", owner.app])
    return Advice(
        f"roll back {_place(owner)}; {_undone(owner, 'a rollback')}",
        command,
        f"shows the revision before{f' the last {later + 1}' if later else ''}, which helm rollback takes",
    )


def _place(owner: Owner, *, in_brackets: bool = False) -> str:
    where = f" of namespace {owner.namespace}, as its annotation says" if is_label(owner.namespace) else ""
    title = _TITLES.get(owner.tool) or plain_phrase(owner.tool) or "its tool"
    noun = {"argocd": "app ", "helm": "release "}.get(owner.tool, "")
    if not owner.app:
        return title
    return f"{noun}{owner.app}{where}, {title}" if in_brackets else f"{noun}{owner.app}{where} ({title})"


def _undone(owner: Owner, deed: str) -> str:
    by = {"argocd": "self-heal", "flux": "the next reconciliation", "helm": "the next upgrade"}
    return f"{deed} by hand would be undone by {by.get(owner.tool, 'it')}"


def _operated(owner: Owner, subject: Subject) -> str:
    kind = subject.kind if is_kind(subject.kind) else "workload"
    return f"{owner.app + ',' if owner.app else 'the object'} whose operator owns this {kind}"
