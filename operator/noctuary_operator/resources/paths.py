"""Paths of the resources that the operator reads and writes."""

from noctuary.models.integration_spec import GROUP, PLURAL, VERSION


def _namespaced(base: str, namespace: str, plural: str, name: str) -> str:
    middle = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{middle}/{plural}" + (f"/{name}" if name else "")


def secrets(namespace: str = "", name: str = "") -> str:
    """Return the path of Secrets: of one, of a namespace's, or of all."""
    return _namespaced("/api/v1", namespace, "secrets", name)


def ingresses(namespace: str = "", name: str = "") -> str:
    """Return the path of Ingresses."""
    return _namespaced("/apis/networking.k8s.io/v1", namespace, "ingresses", name)


def http_routes(namespace: str = "", name: str = "") -> str:
    """Return the path of the Gateway API's HTTPRoutes."""
    return _namespaced("/apis/gateway.networking.k8s.io/v1", namespace, "httproutes", name)


def integrations(namespace: str = "", name: str = "") -> str:
    """Return the path of PagerDutyIntegrations."""
    return _namespaced(f"/apis/{GROUP}/{VERSION}", namespace, PLURAL, name)


def events(namespace: str) -> str:
    """Return the path of a namespace's Events."""
    return _namespaced("/apis/events.k8s.io/v1", namespace, "events", "")


NAMESPACES = "/api/v1/namespaces"
API_RESOURCES = f"/apis/{GROUP}/{VERSION}"
"""Lists the resources of our API group that are served; everybody who may log in may read it."""
