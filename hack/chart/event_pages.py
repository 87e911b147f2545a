"""Make the reference pages of events: what is posted to `/v1/events`, and what a stored ContextEvent holds."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec

from hack.chart.paths import ROOT
from noctuary.models import details
from noctuary.models.context_event import CHANGE_TYPES, ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.draft import TTL_S
from noctuary.sources.posted import FIXES, MAX_AHEAD_S, MAX_TTL_S, OPTIONAL_TEXT_FIX, PostedEvent
from noctuary.sources.posted_text import MAX_ITEMS, MAX_NAMES
from webhook_receiver.asgi import MAX_BODY_BYTES
from webhook_receiver.quotas import FIXES as QUOTA_FIXES
from webhook_receiver.quotas import PROBLEMS as QUOTA_PROBLEMS
from webhook_receiver.quotas import RETRY_AFTER_S

PARTS = ROOT / "hack" / "chart" / "pages"
"""The sentences of each page; what is in braces is filled in from the code."""
JSON_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", dict: "object of texts"}
EFFECTS = {
    "service_name": "Which service it is about: a service of the mapping, by its name, or one that is depended on.",
    "vendor": "Which system tells it; the note names it.",
    "entity": "What changed or fails: a flag, a table, a workload, a host.",
    "event_type": "What happened; see the [types](context-events.md#types).",
    "confidence": "How sure the sender is. A low one weighs less; below 0.5 the note says that the sender doubts it.",
    "ttl_seconds": "How long after it was last seen it counts.",
    "old_value": "The value before; for a deploy the version or commit that a rollback leads to.",
    "new_value": "The value now.",
    "actor": "Who did it.",
    "sha": "The commit, which a revert names.",
    "timestamp": "When it happened, in ISO 8601; else when it came. See [times](#times).",
    "raw_line": "Accepted and dropped: raw lines of logs are not kept.",
    "dedup_key": "What is sent again with the same key counts as a repeat. See [repeats](#repeats).",
    "link": "Where a person reads more; the note shows it without query and fragment.",
}
"""What each posted field does."""
FIELDS = {
    "id": "Ours; in the order of arrival.",
    "tenant": "The namespace that owns it: the integration's for posted events, the object's own for the cluster's.",
    "source": "`kubernetes`: seen in the cluster; `api`: posted.",
    "dedup_key": "Unique for a tenant and a source: what comes again raises `count` and `last_seen`.",
    "service_name": "The service, or for the cluster's events the workload.",
    "vendor": "Which system told it; `kubernetes` for what we saw ourselves.",
    "entity": "The object or thing itself.",
    "event_type": "One of the types below.",
    "timestamp": "When it began.",
    "last_seen": "When it was seen last.",
    "confidence": "How sure its source is, above 0 and at most 1.",
    "ttl_seconds": "How long after `last_seen` it counts for a note, in seconds.",
    "count": "How often it was told.",
    "old_value": "The value before.",
    "new_value": "The value now; of a fault its reason.",
    "actor": "Who did it; of the cluster's changes the field manager that wrote the object.",
    "sha": "The commit.",
    "link": "Where a person reads more.",
    "raw_line": "Never kept; the field is there because the event API has it.",
    "clamped": "The time could not be true and was replaced by the time of receipt.",
    "cluster": "The name of the cluster, where several tell us.",
    "object": "The object of the cluster that it is about; see below.",
    "details": "Small facts by well-known names; see below. Never raw text of logs, and no values of Secrets.",
}
"""What each field of a ContextEvent holds."""
TYPES = {
    EventType.DEPLOY: "A new version or template was rolled out.",
    EventType.RESTART: "Something crashed, was killed, or was replaced.",
    EventType.SATURATION: "Something is full, or there is no room: memory, disk, quota, no node that fits.",
    EventType.FLAG_CHANGE: "A feature flag was changed.",
    EventType.CONFIG_CHANGE: "A configuration was changed.",
    EventType.DEPENDENCY_FAILURE: "Something that is needed fails: an image, a volume, an API, another service.",
    EventType.SCALE_EVENT: "The number of replicas was changed.",
    EventType.CIRCUIT_OPEN: "A circuit breaker opened.",
    EventType.SCHEMA_CHANGE: "The schema of a database was changed.",
}
OBJECT_FIELDS = {
    "kind": "Its kind: Pod, Deployment, Node, ...",
    "namespace": "Its namespace; empty for nodes.",
    "name": "Its name.",
    "uid": "Its uid.",
    "workload_kind": "The kind of what owns it.",
    "workload_name": "What owns it: the Deployment of a pod, not its ReplicaSet.",
    "node": "The node of a pod.",
    "labels": "Labels of the pod, or of the pod template: what `selector` of a mapping matches.",
}


def event_pages() -> dict[Path, str]:
    """Return the text of each page."""
    return {
        ROOT / "docs" / "reference" / name: filled(name, _facts()) for name in ("events-api.md", "context-events.md")
    }


def detail_meanings() -> Iterator[tuple[str, str]]:
    """Yield each well-known name of a detail and what it holds, from the strings below the constants."""
    body = ast.parse(Path(details.__file__).read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield getattr(details, node.targets[0].id), _text_of(after)


def _text_of(node: ast.stmt | None) -> str:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return " ".join(str(node.value.value).split()) if is_text else ""  # type: ignore[union-attr]  # is_text says so


def filled(name: str, facts: Mapping[str, str]) -> str:
    """Return a page with its facts in place of their names in braces."""
    text = (PARTS / name).read_text(encoding="utf-8")
    for key, value in facts.items():
        text = text.replace(f"{{{key}}}", value)
    return "<!-- Made by `make chart-generate` from hack/chart/pages; a test fails when it differs. -->\n" + text


def _facts() -> Mapping[str, str]:
    return {
        "posted_fields": _posted_table(),
        "quotas": _quota_table(),
        "fields": _fields_table(ContextEvent, FIELDS),
        "object_fields": _fields_table(ObjectRef, OBJECT_FIELDS),
        "types": table(["type", "", "meaning", "the cluster's own count for"], map(_type_row, EventType)),
        "details": table(["name", "holds"], ([f"`{name}`", text] for name, text in detail_meanings())),
        "max_items": f"{MAX_ITEMS:,}",
        "max_names": f"{MAX_NAMES:,}",
        "max_body": f"{MAX_BODY_BYTES // 1024 // 1024} MiB",
        "max_ttl": f"{MAX_TTL_S // 86_400} days",
        "max_ahead": f"{MAX_AHEAD_S / 60:.0f} minutes",
        "quota_retry": str(RETRY_AFTER_S),
    }


def _posted_table() -> str:
    return table(["field", "", "takes", "what it does"], map(_posted_row, msgspec.structs.fields(PostedEvent)))


def _quota_table() -> str:
    rows = ([f"`quota.{quota.value}`", QUOTA_PROBLEMS[quota], fix] for quota, fix in QUOTA_FIXES.items())
    return table(["field", "problem", "mend"], rows)


def _posted_row(field: msgspec.structs.FieldInfo) -> list[str]:
    fix = "send text" if field.name == "raw_line" else FIXES.get(field.name, OPTIONAL_TEXT_FIX)
    takes = fix.removeprefix("send ").removesuffix(", or leave it out")
    return [f"`{field.name}`", "required" if field.required else "", takes, EFFECTS[field.name]]


def _type_row(kind: EventType) -> list[str]:
    lifetime = f"{TTL_S[kind] // 60} min" if kind in TTL_S else "not seen in the cluster"
    return [f"`{kind}`", "change" if kind in CHANGE_TYPES else "fault", TYPES[kind], lifetime]


def _fields_table(kind: type[msgspec.Struct], meanings: Mapping[str, str]) -> str:
    rows = ([f"`{each.name}`", _type_name(each.type), meanings[each.name]] for each in msgspec.structs.fields(kind))
    return table(["field", "type", "holds"], rows)


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    plain = [each for each in get_args(kind) if each is not type(None)] if type(None) in get_args(kind) else [kind]
    return JSON_TYPES.get(get_origin(plain[0]) or plain[0], "object" if plain[0] is ObjectRef else "text")


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return rows as a table of Markdown."""
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in cells)
