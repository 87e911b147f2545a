"""The environment that a page is read in with running pods: a kind cluster, a registry, PagerDuty behind a proxy."""

import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from hack.image.store import Store
from testbed.docs.page_environment import PAGERDUTY_HOSTS, PageEnvironment, create_account, lay_out_programs
from testbed.docs.snippets import ROOT
from testbed.docs.tls_proxy import TlsProxy
from testbed.e2e.kubectl import Kubectl
from testbed.kind.machine.programs import CERT_MANAGER, PROMETHEUS_OPERATOR, Programs
from testbed.kind.progress import report
from testbed.kind.registry import give_node_image, running_registry
from testbed.kind.state import ClusterRecord
from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.webhooks.delivery import DeliverySettings
from testbed.relay import relay_in_thread

REGISTRY = "registry.example.com"
"""The registry that the pages speak of."""
PAUSE = "registry.k8s.io/pause:3.10"
"""The image of the pages' workload."""
MAKE_TIMEOUT_S = 1500.0
"""Where nothing is cached, an image is built from packages."""
CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "traefik.io/ingress-controller"},
}
"""The class that the pages name, served by the ingress controller that is there."""
_OUTSIDE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
"""What the `make` that started us tells its own children."""


class KindPages:
    """A page's shell on a kind cluster, and what a network around it would do."""

    def __init__(self, shell: PageEnvironment, proxy: str) -> None:
        self.shell = shell
        self._proxy = proxy

    async def lead_to_pagerduty(self, namespace: str) -> None:
        """Let both pods of a release reach the simulator as api.pagerduty.com, behind a proxy as companies have it."""
        where = f"kubectl --namespace {namespace}"
        authority = self.shell.directory / "proxy-ca.crt"
        await self.shell.must(f"{where} create configmap authority --from-file={authority}")
        service = await self.shell.must("kubectl get service kubernetes --output jsonpath={.spec.clusterIP}")
        variables = {
            "HTTPS_PROXY": self._proxy,
            "NO_PROXY": f"{service},.svc,127.0.0.1,localhost",
            "SSL_CERT_FILE": f"/etc/authority/{authority.name}",
        }
        for kind, component in (("deployment", "operator"), ("statefulset", "receiver")):
            patch = json.dumps(_patch(component, variables))
            await self.shell.must(f"{where} patch {kind} noctuary-{component} --patch '{patch}'")
            await self.shell.must(f"{where} rollout status {kind}/noctuary-{component} --timeout=180s")


@contextlib.asynccontextmanager
async def kind_pages(directory: Path, facts: ClusterRecord) -> AsyncIterator[KindPages]:
    """Put everything around the cluster that the pages speak of; what they install stays in the cluster."""
    delivery = DeliverySettings(connect_to={facts.host: f"127.0.0.1:{facts.https_port}"}, authority=facts.authority)
    async with PagerDutySimulator(delivery=delivery) as pagerduty, contextlib.AsyncExitStack() as stack:
        token = create_account(pagerduty)
        registry = stack.enter_context(running_registry(facts, directory, REGISTRY))
        give_node_image(facts, PAUSE)
        ports = dict.fromkeys(PAGERDUTY_HOSTS, int(pagerduty.url.rpartition(":")[2]))
        proxy = await stack.enter_async_context(TlsProxy(directory, ports).opened([*PAGERDUTY_HOSTS]))
        relayed = stack.enter_context(relay_in_thread(facts.gateway, int(proxy.address.rpartition(":")[2])))
        programs = lay_out_programs(directory, Path(facts.kubectl), Path(facts.helm), pagerduty.url)
        registry.write_docker(programs / "docker")
        environment = {**_own(directory, facts, programs), "PAGERDUTY_TOKEN": token}
        shell = PageEnvironment(
            directory, environment, lambda: _state_of(facts), has_pods=True, timeout_s=MAKE_TIMEOUT_S
        )
        _complete(shell.work, facts)
        for directory_of_crds in _crds_of_others():
            await shell.must(f"kubectl apply --server-side --filename {directory_of_crds}")
        await shell.must(f"echo '{json.dumps(CLASS)}' | kubectl apply --filename -")
        yield KindPages(shell, f"http://{relayed.host}:{relayed.port}")


def _state_of(facts: ClusterRecord) -> str:
    """Return what pods and Events say, for an error message."""
    return Kubectl(facts)("get", "pods,events", "--all-namespaces", check=False)


def _crds_of_others() -> list[Path]:
    programs = Programs(Store("kind", report))
    return [programs.crds(each) for each in (CERT_MANAGER, PROMETHEUS_OPERATOR)]


def _own(directory: Path, facts: ClusterRecord, programs: Path) -> dict[str, str]:
    """Return the variables of a reader on this machine: all of ours, and where the cluster and Docker are."""
    ours = {name: value for name, value in os.environ.items() if name not in _OUTSIDE}
    helm = {f"HELM_{each}_HOME": str(directory / "helm") for each in ("CACHE", "CONFIG", "DATA")}
    docker = {"DOCKER_HOST": facts.docker_host} if facts.docker_host else {}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    sources = os.pathsep.join([str(ROOT), str(ROOT / "operator")])
    address = {"PYTHONPATH": sources, "RECEIVER_URL": f"https://{facts.host}", "KUBECONFIG": facts.kubeconfig}
    return {**ours, **helm, **docker, **address, "PATH": path, "LANG": "C.UTF-8", "TZ": "UTC"}


def _complete(work: Path, facts: ClusterRecord) -> None:
    """Make a directory look like the top of a clone in which `make` works, with the certificate that a reader has."""
    for each in ROOT.iterdir():
        if not (work / each.name).exists():
            (work / each.name).symlink_to(each)
    shutil.copy(facts.certificate, work / "noctuary.crt")
    shutil.copy(facts.certificate_key, work / "noctuary.key")


def _patch(component: str, variables: dict[str, str]) -> dict[str, Any]:
    container = {
        "name": component,
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "volumeMounts": [{"name": "authority", "mountPath": "/etc/authority", "readOnly": True}],
    }
    volume = {"name": "authority", "configMap": {"name": "authority"}}
    return {"spec": {"template": {"spec": {"volumes": [volume], "containers": [container]}}}}
