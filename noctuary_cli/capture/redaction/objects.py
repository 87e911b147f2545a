"""One object as it may leave the cluster: every text is known to be harmless by where it stands and by its form."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from noctuary.common.values_policy import is_measure, showable
from noctuary.common.words import plain_image
from noctuary_cli.capture.redaction.arguments import show_arguments, show_command
from noctuary_cli.capture.redaction.forms import is_mixed, is_word, parts_of
from noctuary_cli.capture.redaction.hiding import Hiding
from noctuary_cli.capture.redaction.metadata import show_annotations, show_labels, show_managed

Json = dict[str, Any]
MAX_DEPTH = 60
"""The API server itself takes no deeper object."""
DROPPED = frozenset(
    {
        *("selfLink", "containerID", "machineID", "systemUUID", "bootID", "providerID", "osImage", "kernelVersion"),
        *("volumesInUse", "volumesAttached", "clientConfig", "caBundle"),
    }
)
"""What identifies a machine, or is long, and is read by nobody."""
TEXTS = frozenset({"message", "note"})
"""Sentences, which may quote anything."""
MAPS = frozenset({"labels", "matchLabels", "nodeSelector"})
PATHS = frozenset({"path", "mountPath", "subPath", "subPathExpr", "workingDir", "terminationMessagePath"})
FREE = frozenset(
    {
        *("value", "volumeHandle", "server", "gmsaCredentialSpec", "runAsUserName", "user", "role", "level", "holder"),
        *("repoURL", "values", "rules", "localhostProfile", "script", "query", "url", "address", "token", "payload"),
        *("monitors", "keyring", "secretFile", "iqn", "targetPortal", "initiatorName", "wwids", "pdName", "diskURI"),
    }
)
"""Fields in which anything may stand: shown only as a variable's value is."""
OPTIONS = frozenset({"volumeAttributes", "options", "parameters", "mountOptions"})
"""Maps and lists of what somebody gave a driver."""
BUILT_IN = re.compile(r"v1|(?:apps|batch|autoscaling|policy|[a-z0-9.-]{1,200}\.k8s\.io)/v[0-9a-z]{1,20}")
"""Groups of Kubernetes itself, in which words stand only where names do."""
CUSTOM_FIELDS = frozenset(
    {
        *("name", "namespace", "kind", "apiVersion", "uid", "resourceVersion", "generateName", "type", "status"),
        *("reason", "phase", "group", "version", "resource", "project", "targetRevision", "revision", "chart"),
        *("health", "sync", "operation", "operator", "image", "stableRS", "currentPodHash", "canaryService"),
        *("stableService", "interval", "suspend", "lastAppliedRevision", "lastAttemptedRevision", "syncResult"),
        *("protocol", "port", "targetPort", "serviceName", "secretName", "configMap", "serviceAccountName"),
        *("automated", "reconciledAt", "deployedAt", "lastTransitionTime"),
    }
)
"""What is told of the objects of other groups, where a word stands there."""
GIVEN = frozenset({"values", "valuesObject", "postBuild", "substitute", "settings", "config", "plugin", "data"})
"""Maps of what somebody gave a tool, in any form: nothing of them is told, in objects of other groups."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,18}(?:Z|[+-][0-9:]{5})")
_SCHEDULE = re.compile(r"[0-9A-Za-z*/,@?# -]{1,100}")
_FIELD_PATH = re.compile(r"[A-Za-z.]{1,80}(?:[\[{]'?[A-Za-z0-9._/-]{1,200}'?[\]}])?")
_BY_FORM = {"schedule": _SCHEDULE, "fieldPath": _FIELD_PATH, "timeZone": re.compile(r"[A-Za-z_+/0-9-]{1,60}")}
HASHED = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
"""By kind, the maps of which names are told and values are hashes."""
PLAIN_HASH = 5
"""Characters of a hash's beginning: what is left of it is base64, as values of `binaryData` are."""


class Text(NamedTuple):
    """A message: in which object, in which field of it, and whether a program wrote it."""

    holder: Json
    name: str
    is_log: bool


class Redaction:
    """Redacts the objects of one capture; messages come last, when all that is hidden is known."""

    def __init__(self, hiding: Hiding) -> None:
        self._hiding = hiding
        self._texts: list[Text] = []

    def object(self, obj: Json) -> Json:
        """Return an object without what is hidden; its messages are still as they were."""
        kind, version = str(obj.get("kind", "")), str(obj.get("apiVersion", ""))
        walk = _Walk(self._hiding, self._texts, is_built_in=BUILT_IN.fullmatch(version) is not None)
        hashed = {name: self._hashes(obj[name]) for name in HASHED.get(kind, ()) if isinstance(obj.get(name), dict)}
        shown = walk.fields({name: value for name, value in obj.items() if name not in hashed}, "", 0)
        shown.update(hashed)
        return shown

    def texts(self, redacted: Callable[[str], str], redacted_log: Callable[[str], str]) -> None:
        """Replace all messages of the objects; what a program left as its last words is a log."""
        for each in self._texts:
            each.holder[each.name] = (redacted_log if each.is_log else redacted)(each.holder[each.name])
        self._texts.clear()

    def _hashes(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {
            self._hiding.know(str(name)): self._hiding.hash(str(value))[PLAIN_HASH:] for name, value in values.items()
        }


class _Walk:
    """Goes through one object; `parent` is the name of the field that holds what is looked at."""

    def __init__(self, hiding: Hiding, texts: "list[Text]", *, is_built_in: bool) -> None:
        self._hiding = hiding
        self._texts = texts
        self._is_built_in = is_built_in

    def fields(self, told: Json, parent: str, depth: int) -> Json:
        """Return the fields of an object that are told."""
        if depth > MAX_DEPTH:
            return {}
        shown: Json = {}
        for name, value in told.items():
            if name in DROPPED or (name == "images" and "nodeInfo" in told):
                continue
            shown[name] = self._field(name, value, told, parent, depth)
            if name in TEXTS and isinstance(value, str):
                self._texts.append(Text(shown, name, is_log=parent == "terminated"))
        return shown

    def _field(self, name: str, value: Any, beside: Json, parent: str, depth: int) -> Any:
        if name in TEXTS and isinstance(value, str):
            return value
        special = self._special(name, value, beside, parent)
        return special if special is not None else self._any(name, value, parent, depth)

    def _special(self, name: str, value: Any, beside: Json, parent: str) -> Any:
        """Return what is told of a field that has a rule of its own; None for all others."""
        if name in GIVEN and not self._is_built_in and isinstance(value, dict):
            return {}
        if isinstance(value, dict):
            return self._map(name, value, parent)
        if isinstance(value, list):
            return self._list(name, value, beside)
        if isinstance(value, str) and name in ("value", "values") and isinstance(beside.get("name"), str):
            return self._hiding.shown(beside["name"], value)
        if isinstance(value, str) and name == "value" and isinstance(beside.get("key"), str):
            return show_labels({beside["key"]: value}, self._hiding)[beside["key"]]
        return None

    def _map(self, name: str, value: Json, parent: str) -> Json | None:
        if name in MAPS or (name == "selector" and all(isinstance(each, str) for each in value.values())):
            return show_labels(value, self._hiding)
        if name == "annotations":
            return show_annotations(value, self._hiding, is_template=parent == "template")
        if name in OPTIONS:
            return {key: self._hiding.shown(key, str(each)) for key, each in value.items()}
        return None

    def _list(self, name: str, value: list[Any], beside: Json) -> list[Any] | None:
        if name == "managedFields":
            return show_managed(value, self._hiding)
        if name in ("args", "command") and all(isinstance(each, str) for each in value):
            return (show_command if name == "command" else show_arguments)(value, self._hiding)
        if name == "values" and isinstance(beside.get("key"), str):
            return [show_labels({beside["key"]: each}, self._hiding)[beside["key"]] for each in value]
        return None

    def _any(self, name: str, value: Any, parent: str, depth: int) -> Any:
        if (
            isinstance(value, dict) and "containers" in value and not self._is_built_in
        ):  # a pod's spec, whose ever it is
            return _Walk(self._hiding, self._texts, is_built_in=True).fields(value, name, depth + 1)
        if isinstance(value, dict):
            return self.fields(value, parent if name == "metadata" else name, depth + 1)
        if isinstance(value, list):
            return [self._any(name, each, parent, depth + 1) for each in value] if depth < MAX_DEPTH else []
        return self._text(name, value) if isinstance(value, str) else value

    def _text(self, name: str, text: str) -> str:
        if not text or _TIME.fullmatch(text) or is_measure(text):
            return text
        if name in PATHS:
            return self._hiding.path(text)
        if name in FREE or name in OPTIONS:
            return self._hiding.shown(name, text)
        if name in _BY_FORM:
            return text if _BY_FORM[name].fullmatch(text) else self._hiding.hash(text, is_secret=False)
        return self._hiding.know(text) if self._is_told(name, text) else self._hiding.hash(text, is_secret=False)

    def _is_told(self, name: str, text: str) -> bool:
        if name in ("image", "imageID"):
            return bool(plain_image(text)) or showable("image", text)
        return is_word(text) and (self._is_built_in or name in CUSTOM_FIELDS)


def words_of(obj: Any) -> Iterator[str]:
    """Yield all texts of an object, names of fields too: for tests and for who looks for what must not be there."""
    if isinstance(obj, dict):
        for name, value in obj.items():
            yield str(name)
            yield from words_of(value)
    elif isinstance(obj, list):
        for each in obj:
            yield from words_of(each)
    elif isinstance(obj, str):
        yield obj


def mixed_parts(text: str) -> Iterator[str]:
    """Yield the parts of a text that mix letters and digits as secrets do."""
    return (part for part in parts_of(text) if is_mixed(part))
