"""Messages of the platform without what every one of them repeats: they are chains, and the last link says why."""

import re

from noctuary.common.redaction import without_secrets
from noctuary.common.text import shorten_middle
from noctuary.sources.kubernetes.draft import MESSAGE_CHARACTERS

_LINKS = re.compile(
    r"(?:Error: "
    r"|Error creating: "
    r"|Internal error occurred: "
    r"|rpc error: code = \w+ desc = "
    r"|failed to create (?:containerd task|shim task|task for container): "
    r"|failed to start container(?: \"[^\"]*\")?: "
    r"|OCI runtime (?:create|start|exec) failed: "
    r"|runc (?:create|run) failed: "
    r"|\w+_linux\.go:\d+: (?:(?:starting container process|container init) caused: )?"
    r"|unable to start container process: "
    r"|error during container init: "
    r"|container create failed: "
    r"|Error response from daemon: "
    r"|Failed to create pod sandbox: "
    r"|failed to set ?up network for sandbox \"\w+\": "
    r"|failed to set ?up sandbox container \"\w+\" network for pod \"[^\"]*\": "
    r"|networkPlugin cni failed to set up pod \"[^\"]*\" network: "
    r"|Failed to pull image \"[^\"]*\": "
    r"|failed to pull and unpack image \"[^\"]*\": "
    r"|failed to resolve reference \"[^\"]*\": )+"
)
"""Links of runtimes and the kubelet that say only who passed an error on."""
_UNKNOWN = ": unknown"
_EXEC = re.compile(
    r"exec: \"(?P<what>[^\"]{1,200})\": (?:stat [^:]+: )?"
    r"(?P<why>no such file or directory|executable file not found in \$PATH|permission denied|is a directory)"
)
_DIRECTORY = re.compile(r"chdir to cwd \(\"?(?P<what>[^\")]{1,200})\"?\)[^:]{0,200}: (?P<why>[^:]{1,80})")
_FORMAT = re.compile(r"(?:exec \"?(?P<what>/[^\s\":]{1,200})\"?: )?exec format error")
_SHORT = {"no such file or directory": "no such file", "executable file not found in $PATH": "not found in $PATH"}


def plain(message: str) -> str:
    """Return what a message says in the end, on one line and without secrets; of one too long the end is kept."""
    line = _without_links(message)
    return _keep_end(_start_failure(line) or line.removesuffix(_UNKNOWN))


def both_ends(message: str) -> str:
    """Return a message that says what was asked at its beginning, and why not at its end; the middle may be cut."""
    return shorten_middle(_without_links(message), MESSAGE_CHARACTERS)


def _without_links(message: str) -> str:
    line = " ".join(without_secrets(message).split())
    return line[found.end() :] if (found := _LINKS.match(line)) else line


def _start_failure(line: str) -> str:
    """Return why a program was not started, in the fewest words; an empty text for anything else."""
    if found := _EXEC.search(line):
        return f"{found['what']}: {_SHORT.get(found['why'], found['why'])}"
    if found := _DIRECTORY.search(line):
        return f"working directory {found['what']}: {_SHORT.get(found['why'], found['why'])}"
    if found := _FORMAT.search(line):
        return f"{found['what'] + ': ' if found['what'] else ''}exec format error (built for another CPU architecture)"
    return ""


def _keep_end(line: str) -> str:
    return line if len(line) <= MESSAGE_CHARACTERS else "…" + line[1 - MESSAGE_CHARACTERS :]
