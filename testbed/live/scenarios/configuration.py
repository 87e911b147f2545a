"""ConfigMaps, Secrets, keys and volumes that are missing."""

from testbed.live.manifests import config_map, container, plain, recreated, service
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario
from testbed.live.scenarios.truths import bad_rollout, fault

_SETTINGS: Manifest = {"envFrom": [{"configMapRef": {"name": "settings"}}]}
_MISSING = "CreateContainerConfigError"


def _web(place: Place) -> list[Manifest]:
    return [recreated(place.app), service(place.app)]


def _configured(place: Place) -> list[Manifest]:
    return [config_map("settings", COLOUR="blue"), recreated(place.app, container(**_SETTINGS)), service(place.app)]


def _from_secret(key: str) -> dict[str, object]:
    return {"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": "database", "key": key}}}


def _with_secret(place: Place) -> list[Manifest]:
    secret = plain("Secret", "database", stringData={"url": "none"})
    return [secret, recreated(place.app, container(env=[_from_secret("url")])), service(place.app)]


def _mounted(place: Place) -> list[Manifest]:
    mount = container(volumeMounts=[{"name": "tls", "mountPath": "/tls"}])
    volumes = [{"name": "tls", "secret": {"secretName": "certificate"}}]
    return [
        plain("Secret", "certificate", stringData={"tls.crt": "none"}),
        recreated(place.app, mount, volumes=volumes),
        service(place.app),
    ]


def _roll_out_missing_map(place: Place) -> None:
    place.change_container(envFrom=[{"configMapRef": {"name": "settings-v2"}}])
    place.wait_state(_MISSING)


def _roll_out_missing_secret(place: Place) -> None:
    place.change_container(env=[{"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": "databse", "key": "url"}}}])
    place.wait_state(_MISSING)


def _roll_out_missing_key(place: Place) -> None:
    place.change_container(env=[_from_secret("uri")])
    place.wait_state(_MISSING)


def _needs_variable(place: Place) -> None:
    place.set_image("2.5.0")
    place.wait_restarted(1)


def _delete(kind: str, name: str, place: Place) -> None:
    place.kubectl("delete", kind, name)
    place.delete_pods()


def _map_deleted(place: Place) -> None:
    _delete("configmap", "settings", place)
    place.wait_state(_MISSING)


def _secret_deleted(place: Place) -> None:
    _delete("secret", "database", place)
    place.wait_state(_MISSING)


def _mount_deleted(place: Place) -> None:
    _delete("secret", "certificate", place)
    place.wait_event("FailedMount")


def _key_renamed(place: Place) -> None:
    place.patch({"stringData": {"uri": "none"}, "data": {"url": None}}, "database", "secret", "merge")
    place.delete_pods()
    place.wait_state(_MISSING)


def _class_missing(place: Place) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast-ssd"}
    place.apply(plain("PersistentVolumeClaim", "data", spec={**claim, "resources": {"requests": {"storage": "1Gi"}}}))
    place.change_pods(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
    place.wait_event("FailedScheduling")


SCENARIOS = (
    Scenario(
        "map-missing",
        _web,
        bad_rollout("names a ConfigMap that is missing", "settings-v2", symptom=("settings-v2",)),
        _roll_out_missing_map,
    ),
    Scenario(
        "secret-missing",
        _with_secret,
        bad_rollout("names a Secret that is missing", "databse", symptom=("databse",)),
        _roll_out_missing_secret,
    ),
    Scenario(
        "key-missing",
        _with_secret,
        bad_rollout("names a key that is missing", "uri", symptom=("uri",)),
        _roll_out_missing_key,
    ),
    Scenario(
        "variable-missing",
        _web,
        bad_rollout("new version needs a variable that is not set", "2.5.0", symptom=("crash",)),
        _needs_variable,
    ),
    Scenario("map-deleted", _configured, fault("ConfigMap deleted", "settings", "missing|deleted"), _map_deleted),
    Scenario(
        "map-deleted-aged",
        _configured,
        fault("ConfigMap deleted", "settings", "missing|deleted"),
        _map_deleted,
        age=True,
    ),
    Scenario(
        "secret-deleted-aged",
        _with_secret,
        fault("Secret deleted", "database", "missing|deleted"),
        _secret_deleted,
        age=True,
    ),
    Scenario(
        "mounted-secret-deleted-aged",
        _mounted,
        fault("mounted Secret deleted", "certificate", "missing|deleted"),
        _mount_deleted,
        age=True,
    ),
    Scenario(
        "key-renamed-aged",
        _with_secret,
        fault("key of a Secret renamed", "url", "missing|deleted"),
        _key_renamed,
        age=True,
    ),
    Scenario(
        "storage-class-missing",
        _web,
        bad_rollout("claims a volume of a class that is missing", "claim|pvc|volume|fast-ssd", symptom=("data",)),
        _class_missing,
    ),
)
