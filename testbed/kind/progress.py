"""The progress lines of this tool."""

from hack.lib.progress import progress_on_stderr

report = progress_on_stderr("kind")
