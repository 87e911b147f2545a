"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

SERVICES = "kubectl -n shop get services\n# what Services there are, and their ports"
CASES = [
    Case(
        {"reason": "AddressServiceMissing", "address": "postgress:5432", "variable": "DB_HOST", "instead": "postgres"},
        "pay calls postgress:5432 (env DB_HOST), which does not exist (postgres does)",
        "new pods call postgress:5432 (env DB_HOST), which does not exist (postgres does)",
        SERVICES,
    ),
    Case(
        {"reason": "AddressServiceMissing", "address": "auth.id.svc", "backend_namespace": "id"},
        "pay calls auth.id.svc, which does not exist",
        "new pods call auth.id.svc, which does not exist",
        "kubectl -n id get services\n# what Services there are, and their ports",
        pods=0,
        about="Deployment",
    ),
    Case(
        {"reason": "AddressPortMissing", "address": "auth:8080", "variable": "AUTH_URL", "backend": "auth"}
        | {"instead": "80, 9090"},
        "pay calls auth:8080 (env AUTH_URL), and auth has 80, 9090",
        "new pods call auth:8080 (env AUTH_URL), and auth has 80, 9090",
        SERVICES,
    ),
]
