"""Run one `go` build that takes minutes: tied to our life, its progress shown, its failure explained."""

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from hack.lib.cache import Progress
from hack.lib.errors import BuildError
from hack.lib.tether import tethered

STAMPLESS = ("-trimpath", "-buildvcs=false")
"""Nothing of this machine or checkout gets into a program."""
_DOWNLOAD_TIMEOUT_S = 300.0  # a module of some 20 MB on a slow line
_PROGRESS_EVERY_S = 5.0
_POLL_S = 0.2
_LOG_LINES = 15


def run_go(
    command: Sequence[str], what: str, log: Path, environment: Mapping[str, str], progress: Progress, remedy: str = ""
) -> None:
    """Run a `go` command given with -v, its output kept in `log`.

    Raises BuildError with the last lines when it fails; `remedy` is what else would help then.
    """
    with log.open("wb") as out:
        build = subprocess.Popen(
            tethered(command, die_with=os.getpid()),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_build_environment(environment),
        )
    with build:
        try:
            _show_progress(build, log, progress)
        except BaseException:
            build.kill()
            raise
    if build.returncode != 0:
        raise BuildError(_failure(what, build.returncode, log, remedy))


def politely() -> list[str]:
    """What to put before a command that takes minutes, so that everybody else goes first."""
    nice = shutil.which("nice")
    return [nice, "-n", "19"] if nice else []


def module_directory(go: Path, source: Path, module: str) -> Path:
    """Where go keeps the sources of a module that the go.mod of `source` requires, or of any `module@version`.

    They are fetched when they are not there. Raises BuildError when they cannot be.
    """
    download = subprocess.run(
        [str(go), "-C", str(source), "mod", "download", "-json", module],
        capture_output=True,
        text=True,
        timeout=_DOWNLOAD_TIMEOUT_S,
        check=False,
        env=_build_environment(os.environ),
    )
    if download.returncode != 0:
        raise BuildError(
            f"The Go module {module} cannot be fetched; check the module proxy. go printed: {download.stderr}"
        )
    return Path(json.loads(download.stdout)["Dir"])


def _build_environment(environment: Mapping[str, str]) -> dict[str, str]:
    # GOWORK and GOTOOLCHAIN: neither a workspace around this repository nor a toolchain fetched on the fly may decide
    # what is built. HOME: without it go does not know where its caches are.
    pinned = {"CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return {"HOME": str(Path.home()), **environment, **pinned}


def _show_progress(build: "subprocess.Popen[bytes]", log: Path, progress: Progress) -> None:
    began = time.monotonic()
    next_line_s = _PROGRESS_EVERY_S
    before = (0, 0)
    while build.poll() is None:
        elapsed_s = time.monotonic() - began
        if elapsed_s >= next_line_s:
            counts = _count(log)
            progress(f"{elapsed_s:4.0f} s: {describe(*counts, moved=counts != before)}")
            before = counts
            next_line_s += _PROGRESS_EVERY_S
        time.sleep(_POLL_S)


def _count(log: Path) -> tuple[int, int]:
    fetched = compiled = 0
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("go: "):
                fetched += 1
            else:
                compiled += 1
    return fetched, compiled


def describe(fetched: int, compiled: int, *, moved: bool) -> str:
    """Describe what go is doing: it names what it fetches and compiles, not what it reads from its cache or links."""
    done = [f"{fetched} modules fetched"] if fetched else []
    if compiled:
        done.append(f"{compiled} packages compiled")
    if not compiled and not (fetched and moved):
        done.append("reading the build cache or linking")
    elif not moved:
        done.append("compiling a large package or linking")
    return ", ".join(done)


def _failure(what: str, code: int, log: Path, remedy: str) -> str:
    with log.open(encoding="utf-8", errors="replace") as lines:
        tail = "".join(deque(lines, maxlen=_LOG_LINES))
    return (
        f"Building {what} failed with exit code {code}. Check that the Go module proxy is reachable, "
        f"that 6 GB of disk and 2 GB of memory are free, and start again (finished packages are kept){remedy}. "
        f"The last lines were:\n{tail}"
    )


_SOURCE_FILES = ("go.mod", "go.sum", "main.go")


_HASH_DIGITS = 12


def source_hash(source: Path, names: tuple[str, ...] = _SOURCE_FILES) -> str:
    """A digest of everything that decides what is built."""
    digest = hashlib.sha256()
    for name in names:
        content = (source / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:_HASH_DIGITS]
