"""Ingresses: hosts, paths, backends, certificates and annotations."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.changed_case import changes, deletion, spec
from tests.unit.sources.watched_case import Case, Manifest


def ingress(service: str = "web", path: str = "/", host: str = "shop.example", **fields: object) -> Manifest:
    """Return Ingress edge with one path."""
    backend = {"service": {"name": service, "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    return spec("edge", {"rules": [rule], **fields})


SERVICE = spec("web", {"selector": {"app": "web"}})
TOKEN = "/hooks/T0000B1111C2222D3333E4444F5555G6666"
change = partial(changes, "ingresses")

CASES = [
    change("backend", ingress(), ingress("wbe"), "backend of shop.example/ web:80 -> wbe:80"),
    change(
        "path",
        ingress(),
        ingress(path="/v2"),
        "backend of shop.example/ web:80 removed, backend of shop.example/v2 web:80 added, "
        "pathType of shop.example/ Prefix removed, pathType of shop.example/v2 Prefix added",
    ),
    change(
        "a path that may be a token",
        ingress(path=TOKEN),
        ingress("wbe", path=TOKEN),
        "backend of an odd name web:80 -> wbe:80",
    ),
    change("class", ingress(), ingress(ingressClassName="nginx"), "class none -> nginx"),
    change(
        "certificate",
        ingress(tls=[{"hosts": ["shop.example"], "secretName": "old"}]),
        ingress(tls=[{"hosts": ["shop.example"], "secretName": "new"}]),
        "certificate of shop.example old -> new",
    ),
    change("status only", ingress(), ingress() | {"status": {"loadBalancer": {}}}, *()),
    deletion("ingresses", "deleted", ingress()),
    Case(
        "reaches the pods behind its Services",
        ingress("wbe"),
        [{f"details.{details.REACH}": '{"selectors":[{"matchLabels":{"app":"web"}}],"services":["web","wbe"]}'}],
        listed={"services": [SERVICE], "ingresses": [ingress()]},
    ),
]
