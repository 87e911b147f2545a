"""What tests look for in the logs of the processes they run."""

import re
from pathlib import Path

# A word of its own: the microseconds of a timestamp may hold the same digits.
FORBIDDEN = re.compile(r"\b403\b|Forbidden")


def forbidden_lines(log: Path) -> list[str]:
    """The lines in which the API server refused a right."""
    return [line for line in log.read_text().splitlines() if FORBIDDEN.search(line)]
