"""What a Docker daemon and a kubelet change on this machine, written down before and put back after."""

import contextlib
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import msgspec

_SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
)
_KUBELET_SETTINGS = ("vm/", "kernel/")
_TABLES = ("filter", "nat")
_FAMILIES = ("iptables", "ip6tables")
_PROC = Path("/proc/sys")
_CGROUPS = Path("/sys/fs/cgroup")
_MODULES = Path("/lib/modules")
_TIMEOUT_S = 15.0
_RULE_POSITION = 2


class HostState(msgspec.Struct, frozen=True):
    """Settings, firewall rules, links and control groups before we came."""

    sysctls: dict[str, str]
    rules: dict[str, list[str]]
    links: list[str] | None
    """None: links are not looked at."""
    cgroups: list[str] | None
    had_modules: bool


def look() -> HostState:
    """Write down what is there now."""
    paths = {name: _PROC / name for name in _SYSCTLS}
    return HostState(
        sysctls={name: path.read_text().strip() for name, path in paths.items() if path.exists()},
        rules={f"{family} {table}": _rules(family, table) for family in _FAMILIES for table in _TABLES},
        links=[path.name for path in Path("/sys/class/net").iterdir()],
        cgroups=[str(path) for path in _docker_cgroups()],
        had_modules=_MODULES.exists(),
    )


def look_at_kubelet_settings() -> HostState:
    """Write down only what a kubelet changes: beside a daemon that is not ours, everything else is not ours either."""
    paths = {name: _PROC / name for name in _SYSCTLS if name.startswith(_KUBELET_SETTINGS)}
    values = {name: path.read_text().strip() for name, path in paths.items() if path.exists()}
    return HostState(sysctls=values, rules={}, links=None, cgroups=None, had_modules=True)


def restore(before: HostState) -> None:
    """Put back what has changed: only rules, links and groups that were not there before are removed."""
    for place, rules in before.rules.items():
        family, table = place.split()
        _restore_rules(family, table, rules)
    if before.links is not None:
        _remove_links(set(_docker_links()) - set(before.links))
    if before.cgroups is not None:
        _remove_cgroups({str(path) for path in _docker_cgroups()} - set(before.cgroups))
    if not before.had_modules and _MODULES.is_dir() and not any(_MODULES.iterdir()):
        _MODULES.rmdir()  # kind's mount of it makes Docker create it
    for name, value in before.sysctls.items():
        path = _PROC / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)


def unmount_below(directory: Path) -> None:
    """Unmount a directory and everything below it, the deepest first."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    ours = [each for each in mounts if f"{each}/".startswith(f"{directory}/")]
    for mount in sorted(ours, reverse=True):
        _quietly("umount", "--lazy", mount)


def lacks_resource_capability() -> bool:
    """Whether this machine withholds CAP_SYS_RESOURCE, as some virtual machines and containers do."""
    number = 24
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd:"))
    return not int(line.split()[1], 16) >> number & 1


def has_writable_cgroups() -> bool:
    """Whether a control group can be made here, as every container needs."""
    top = _CGROUPS if (_CGROUPS / "cgroup.controllers").exists() else _CGROUPS / "memory"
    probe = top / f"noctuary-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True


def _rules(family: str, table: str) -> list[str]:
    return _quietly(family, "--table", table, "--list-rules").splitlines()


def _restore_rules(family: str, table: str, before: list[str]) -> None:
    """Delete rules and chains that are new, and set the policies back."""
    known = set(before)
    added = [rule for rule in _rules(family, table) if rule not in known]
    for rule in added:
        if rule.startswith("-A "):
            _quietly(family, "--table", table, "--delete", *_words(rule)[1:])
    for rule in added:
        if rule.startswith("-N "):
            _quietly(family, "--table", table, "--flush", rule.split()[1])
    for rule in added:
        if rule.startswith("-N "):
            _quietly(family, "--table", table, "--delete-chain", rule.split()[1])
    for rule in before:
        if rule.startswith("-P ") and rule not in _rules(family, table):
            _quietly(family, "--table", table, "--policy", *rule.split()[1 : 1 + _RULE_POSITION])


def _words(rule: str) -> list[str]:
    return shlex.split(rule)


def _docker_links() -> list[str]:
    names = (path.name for path in Path("/sys/class/net").iterdir())
    return [name for name in names if name == "docker0" or name.startswith("br-")]


def _docker_cgroups() -> list[Path]:
    places = [_CGROUPS / "docker", *_CGROUPS.glob("*/docker")]
    return [place for place in places if place.is_dir()]


def _remove_links(names: set[str]) -> None:
    for name in names:
        _quietly("ip", "link", "delete", name)


def _remove_cgroups(places: set[str]) -> None:
    for place in places:
        for parent, _, _ in os.walk(place, topdown=False):
            with contextlib.suppress(OSError):  # something still runs in it, so it is in use and stays
                Path(parent).rmdir()


def _quietly(*command: str) -> str:
    """Run a command whose failure means that there was nothing to do."""
    try:
        done: Any = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return str(done.stdout)
