import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from hack.lib.processes import ProcessRecord, is_alive, read_record
from testbed.localkube import Cluster, Identities, LocalKube, LocalKubeError, borrowed_kubeconfig, cluster_for_tests
from testbed.localkube.home import STOP_ORDER, clear_remains
from testbed.polling import eventually

REPOSITORY = Path(__file__).resolve().parents[3]
DEADLINE_S = 60.0
TOKEN_MEMORY_S = 10.0  # the API server remembers a token it has accepted for so long

WIDGET_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.test.noctuary.io"},
    "spec": {
        "group": "test.noctuary.io",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}

OWNER_THAT_SLEEPS = """
import sys, time
from pathlib import Path
from testbed.localkube import LocalKube
with LocalKube(Path(sys.argv[1])) as cluster:
    print("ready", flush=True)
    time.sleep(600)
"""


def components_of(directory: Path) -> list[ProcessRecord]:
    records = [read_record(directory / "run" / component) for component in STOP_ORDER]
    return [record for record in records if record is not None]


def localkube(command: str, directory: Path) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "testbed.localkube", command, "--dir", str(directory)]
    return subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True, timeout=90, check=False)


def status_code(cluster: Cluster, path: str, token: str) -> int:
    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    with httpx.Client(base_url=cluster.server, verify=context, trust_env=False) as client:
        return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture(scope="module")
def widgets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKube]:
    """A cluster that these tests may stop and compact."""
    crd = tmp_path_factory.mktemp("crds") / "widgets.json"
    crd.write_text(json.dumps(WIDGET_CRD))
    with LocalKube(crds=[crd], apiserver_flags=["--v=1"]) as own:
        yield own


def test_an_identity_without_roles_is_refused(cluster: Cluster, namespace: str) -> None:
    token = cluster.create_token(namespace, "default")
    assert status_code(cluster, "/version", token) == 200
    assert status_code(cluster, f"/api/v1/namespaces/{namespace}/secrets", token) == 403


def test_a_role_gives_what_it_names(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "role", "reader", "--verb=list", "--resource=secrets", f"--namespace={namespace}")
    subject = f"--serviceaccount={namespace}:default"
    cluster.kubectl("create", "rolebinding", "reader", "--role=reader", subject, f"--namespace={namespace}")
    token = cluster.create_token(namespace, "default")
    path = f"/api/v1/namespaces/{namespace}/secrets"
    assert eventually("it holds", lambda: status_code(cluster, path, token) == 200)


def test_admission_refuses_a_pod_of_an_unknown_service_account(cluster: Cluster, namespace: str) -> None:
    spec = {"serviceAccountName": "nobody", "containers": [{"name": "main", "image": "example/app:1"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod", "namespace": namespace}, "spec": spec}
    with pytest.raises(LocalKubeError, match=r'serviceaccount "nobody" not found'):
        cluster.kubectl("create", "--filename=-", input=json.dumps(pod))


def test_operator_and_receiver_are_known_to_the_cluster_as_themselves(
    cluster: Cluster, namespace: str, granted: Callable[[str], Identities]
) -> None:
    identities = granted(namespace)
    for kubeconfig, name in ((identities.operator, "noctuary-operator"), (identities.receiver, "noctuary-receiver")):
        who = cluster.kubectl(f"--kubeconfig={kubeconfig}", "auth", "whoami", "-o", "jsonpath={.status.userInfo}")
        assert json.loads(who)["username"] == f"system:serviceaccount:{namespace}:{name}"


def test_the_token_of_an_identity_can_be_exchanged(cluster: Cluster, namespace: str) -> None:
    kubeconfig = cluster.identity_kubeconfig(namespace, "swapped", token_file=True)
    whoami = (f"--kubeconfig={kubeconfig}", "auth", "whoami")
    cluster.write_token(namespace, "swapped", "not-a-token")
    with pytest.raises(LocalKubeError, match="Unauthorized"):
        cluster.kubectl(*whoami)
    cluster.write_token(namespace, "swapped", cluster.create_token(namespace, "swapped"))
    assert f"{namespace}:swapped" in cluster.kubectl(*whoami)


def test_a_minted_token_is_accepted_until_its_lifetime_is_over(widgets: LocalKube) -> None:
    long, short = (widgets.mint_token("default", "default", lifetime_s=seconds) for seconds in (600, 2))
    assert status_code(widgets, "/version", short) == 200
    assert eventually(
        "it holds", lambda: status_code(widgets, "/version", short) == 401, timeout_s=TOKEN_MEMORY_S + DEADLINE_S
    )
    assert status_code(widgets, "/version", long) == 200


def test_children_of_a_kind_installed_at_the_start_are_collected(widgets: LocalKube) -> None:
    owner = {"apiVersion": "test.noctuary.io/v1", "kind": "Widget", "metadata": {"name": "owner"}}
    created = json.loads(widgets.kubectl("create", "--filename=-", "-o", "json", input=json.dumps(owner)))
    reference = {**owner, "name": "owner", "uid": created["metadata"]["uid"]}
    del reference["metadata"]
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "child", "ownerReferences": [reference]}}
    widgets.kubectl("create", "--filename=-", input=json.dumps(child))
    widgets.kubectl("delete", "widget", "owner")
    assert eventually("it holds", lambda: not widgets.kubectl("get", "configmap", "child", "--ignore-not-found"))


def test_what_was_stored_is_there_after_a_restart_of_the_api_server(widgets: LocalKube) -> None:
    widgets.kubectl("create", "configmap", "kept")
    widgets.stop_apiserver(grace_s=0)
    with pytest.raises(LocalKubeError, match="refused"):
        widgets.kubectl("get", "configmap", "kept")
    widgets.start_apiserver()
    assert widgets.kubectl("get", "configmap", "kept", "-o", "name") == "configmap/kept\n"


def test_a_namespace_on_its_way_out_takes_its_custom_resources_along_before_a_restart(widgets: LocalKube) -> None:
    widget = {"apiVersion": "test.noctuary.io/v1", "kind": "Widget", "metadata": {"name": "held"}}
    widgets.kubectl("create", "namespace", "leaving")
    widgets.kubectl("-n", "leaving", "create", "--filename=-", input=json.dumps(widget))
    widgets.kubectl("delete", "namespace", "leaving", "--wait=false")
    widgets.stop_apiserver(grace_s=0)
    widgets.start_apiserver()
    assert widgets.kubectl("get", "widgets", "-A", "-o", "name") == ""


def test_a_watch_from_before_a_compaction_is_answered_with_410(widgets: LocalKube) -> None:
    widgets.kubectl("create", "configmap", "before")
    version = widgets.kubectl("get", "configmap", "before", "-o", "jsonpath={.metadata.resourceVersion}")
    widgets.kubectl("create", "configmap", "after")
    widgets.compact_etcd()
    widgets.restart_apiserver()
    query = f"watch=1&resourceVersion={version}&timeoutSeconds=5"
    answer = json.loads(widgets.kubectl("get", "--raw", f"/api/v1/namespaces/default/configmaps?{query}"))
    assert (answer["type"], answer["object"]["code"]) == ("ERROR", 410)


def test_a_cluster_that_was_not_allowed_is_left_alone(cluster: Cluster) -> None:
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "NOCTUARY_TEST_CLUSTER": "no"}
    with cluster_for_tests([], environment) as chosen:
        assert chosen.server != cluster.server
        assert isinstance(chosen, LocalKube)


def test_an_allowed_cluster_is_used(cluster: Cluster, namespace: str) -> None:
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "NOCTUARY_TEST_CLUSTER": "allow"}
    with cluster_for_tests([], environment) as borrowed:
        assert borrowed.server == cluster.server
        kubeconfig = borrowed.identity_kubeconfig(namespace, "guest")
        assert f"{namespace}:guest" in borrowed.kubectl(f"--kubeconfig={kubeconfig}", "auth", "whoami")


def test_the_shared_cluster_is_our_own_unless_another_is_allowed(cluster: Cluster) -> None:
    assert isinstance(cluster, LocalKube) == (borrowed_kubeconfig(os.environ) is None)


def test_a_start_that_fails_shows_the_log_and_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    with pytest.raises(LocalKubeError, match=r"(?s)kube-apiserver ended while starting.*no-such-flag"):
        LocalKube(directory, apiserver_flags=["--no-such-flag"]).start()
    assert not directory.exists()


def test_a_directory_with_files_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(LocalKubeError, match="is not empty"):
        LocalKube(tmp_path).start()
    assert (tmp_path / "letter").read_text() == "dear"


def test_nothing_is_left_after_the_block(tmp_path: Path) -> None:
    with LocalKube(tmp_path / "cluster") as own:
        processes = components_of(own.dir)
        assert len(processes) == len(STOP_ORDER)
    assert not any(map(is_alive, processes))
    assert not own.dir.exists()


def test_nothing_is_left_after_the_owner_was_killed(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    command = [sys.executable, "-c", OWNER_THAT_SLEEPS, str(directory)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        processes = components_of(directory)
        owner.kill()
    assert len(processes) == len(STOP_ORDER)
    assert eventually("it holds", lambda: not any(map(is_alive, processes)))
    clear_remains()
    assert not directory.exists()


def test_a_cluster_that_is_up_is_found_again_and_ends_with_down(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    try:
        first, second = localkube("up", directory), localkube("up", directory)
        assert first.stdout == second.stdout == f"{directory / 'kubeconfig'}\n"
        assert localkube("status", directory).returncode == 0
        clear_remains()
        processes = components_of(directory)
        assert [is_alive(each) for each in processes] == [True, True, True]
    finally:
        localkube("down", directory)
    assert not any(map(is_alive, processes))
    assert not directory.exists()
    assert localkube("status", directory).returncode == 3


def test_the_next_up_clears_what_a_killed_one_left(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    command = [sys.executable, "-m", "testbed.localkube", "up", "--dir", str(directory)]
    try:
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
            assert eventually("it holds", (directory / "run" / "kube-apiserver").exists)
            os.kill(killed.pid, signal.SIGKILL)
        left = components_of(directory)
        assert any(map(is_alive, left))
        assert localkube("up", directory).returncode == 0
        assert not any(map(is_alive, left))
    finally:
        localkube("down", directory)
