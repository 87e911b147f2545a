"""Messages of runtimes, kubelets and registries, without what all of them repeat."""

import pytest

from noctuary.sources.kubernetes.draft import MESSAGE_CHARACTERS
from noctuary.sources.kubernetes.words.messages import both_ends, plain

CONTAINERD = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: "
)
PLAIN = [
    (
        CONTAINERD + 'exec: "/app/start.sh": stat /app/start.sh: no such file or directory: unknown',
        "/app/start.sh: no such file",
    ),
    (CONTAINERD + 'exec: "serve": executable file not found in $PATH: unknown', "serve: not found in $PATH"),
    (CONTAINERD + 'exec: "/app/start.sh": permission denied: unknown', "/app/start.sh: permission denied"),
    (
        CONTAINERD + "exec /bin/app: exec format error: unknown",
        "/bin/app: exec format error (built for another CPU architecture)",
    ),
    (
        CONTAINERD + 'chdir to cwd ("/srv/app") set in config.json failed: no such file or directory: unknown',
        "working directory /srv/app: no such file",
    ),
    (
        (
            'Error: failed to start container "app": Error response from daemon: OCI runtime create failed: '
            'container_linux.go:380: starting container process caused: exec: "/run": permission denied: unknown'
        ),
        "/run: permission denied",
    ),
    (
        (
            'Failed to pull image "shop:9": rpc error: code = NotFound desc = failed to pull and unpack image '
            '"docker.io/library/shop:9": failed to resolve reference "docker.io/library/shop:9": shop:9: not found'
        ),
        "shop:9: not found",
    ),
    (
        (
            f"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
            f'"{"0af" * 20}": plugin type="calico" failed (add): Unauthorized'
        ),
        'plugin type="calico" failed (add): Unauthorized',
    ),
    ("Liveness probe failed: HTTP 500", "Liveness probe failed: HTTP 500"),
    ("", ""),
]


@pytest.mark.parametrize(("message", "said"), PLAIN, ids=[said for _, said in PLAIN])
def test_a_message_is_what_it_says_in_the_end(message: str, said: str) -> None:
    assert plain(message) == said


def test_of_a_long_message_the_end_is_kept() -> None:
    said = plain("x" * 1000 + " because of this")
    assert (len(said), said[-15:]) == (MESSAGE_CHARACTERS, "because of this")


def test_of_a_long_refusal_both_what_was_asked_and_why_not_are_kept() -> None:
    said = both_ends(
        f'Error creating: Internal error occurred: failed calling webhook "a.io": {"x" * 400}: has expired'
    )
    assert (len(said), said[:29], said[-11:]) == (MESSAGE_CHARACTERS, 'failed calling webhook "a.io"', "has expired")
