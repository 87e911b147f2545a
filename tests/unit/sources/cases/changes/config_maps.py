"""ConfigMaps: keys by name, values by the rule, and what machines write."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.changed_case import changes, deletion
from tests.unit.sources.watched_case import Case, Manifest, manifest

LEADER = {"control-plane.alpha.kubernetes.io/leader": "a"}


def config_map(name: str = "settings", metadata: Manifest | None = None, **data: str) -> Manifest:
    """Return a ConfigMap; `_` in a key stands for a dot where it is lower-case."""
    keys = {key.replace("_", ".") if key.islower() else key: value for key, value in data.items()}
    return with_data(keys, name, **(metadata or {}))


def with_data(data: dict[str, str], name: str = "settings", **metadata: object) -> Manifest:
    """Return a ConfigMap with these keys."""
    return manifest(name, "shops", **metadata) | {"data": data}


change = partial(changes, "configmaps")
MANY = {f"k{number}": "a file\n" for number in range(70)}

CASES = [
    change("file", config_map(app_yaml="a: 1\n"), config_map(app_yaml="a: 2\n"), "key app.yaml"),
    change(
        "number", config_map(MAX_CONNECTIONS="100"), config_map(MAX_CONNECTIONS="5"), "key MAX_CONNECTIONS 100 -> 5"
    ),
    change("host", config_map(DB_HOST="db"), config_map(DB_HOST="bd"), "key DB_HOST db -> bd"),
    change("word", config_map(GREETING="hello"), config_map(GREETING="howdy"), "key GREETING"),
    change("number behind a secret's name", config_map(PIN="1234"), config_map(PIN="9999"), "key PIN"),
    change("key added and removed", config_map(a_b="x\n"), config_map(c_d="x\n"), "key a.b removed, key c.d added"),
    change("one of many keys", with_data(MANY), with_data(MANY | {"k7": "another\n"}), "some of its keys"),
    change("labels only", config_map(A="x y"), config_map(metadata={"labels": {"a": "b"}}, A="x y"), *()),
    change(
        "a leader's claim",
        config_map("lock", metadata={"annotations": LEADER}, A="x y"),
        config_map("lock", metadata={"annotations": LEADER}, A="y z"),
        *(),
    ),
    change(
        "certificates of the cluster",
        config_map("kube-root-ca.crt", ca_crt="a\n"),
        config_map("kube-root-ca.crt", ca_crt="b\n"),
        *(),
    ),
    Case("new: nothing has read it yet", config_map(A="x y"), [], change="ADDED"),
    deletion("configmaps", "deleted", config_map(A="x y"), **{f"details.{details.REACH}": '{"config_map":"settings"}'}),
]
