"""Make the reference pages of the documentation: the chart's values, and the settings of each process."""

from itertools import groupby
from pathlib import Path

from hack.chart.paths import ROOT
from hack.chart.readme import Value, documented_values, table
from noctuary.common.settings.base import Setting, Settings, described
from noctuary_operator.cleanup.settings import CleanupSettings
from noctuary_operator.settings import OperatorSettings
from webhook_receiver.settings import ReceiverSettings

REFERENCE = ROOT / "docs" / "reference"
PROCESSES: dict[str, type[Settings]] = {
    "noctuary operator": OperatorSettings,
    "noctuary receiver": ReceiverSettings,
    "noctuary cleanup": CleanupSettings,
}
_MADE = "<!-- Made by `make chart-generate` from {source}; a test fails when they differ. -->\n"
_VALUES = """# Chart values

**Every value of the Helm chart, with its default. A name that is not here is refused when you install.**

`charts/noctuary/values.yaml` holds the same, in its own order; [install](../install.md) shows which you will want.

"""
_SETTINGS = """# Settings

**Every setting of each command. The chart sets them from [its values](values.md); you need them for Kustomize, for
`extraEnv`, and when you run a command by hand.**

Settings are environment variables. Lists are separated by commas or written as JSON; `null` is the default of a list.
A value that cannot be read ends the command with exit code 2 and a line that names the variable.
`noctuary COMMAND --help` prints the same.

| exit code | meaning |
|---|---|
| 0 | done, or stopped when it was told to |
| 1 | it did not work, or was not confirmed; another attempt may work |
| 2 | an argument, a setting, or what it leads to is wrong: a file, a directory, a port |
| 130 | interrupted |

"""


def reference_pages() -> dict[Path, str]:
    """Return the text of each page."""
    return {REFERENCE / "values.md": values_page(), REFERENCE / "settings.md": settings_page()}


def values_page() -> str:
    """Return all values of the chart, a section for each group."""
    sections = [f"## {name}\n{table(list(values)).rstrip()}\n" for name, values in groupby(documented_values(), _group)]
    return _MADE.format(source="charts/noctuary/values.yaml") + _VALUES + "\n".join(sections)


def settings_page() -> str:
    """Return all settings, a section for each command."""
    sections = [f"## {name}\n\n{_settings_table(settings)}" for name, settings in PROCESSES.items()]
    return _MADE.format(source="the settings models") + _SETTINGS + "\n".join(sections)


def _group(value: Value) -> str:
    group, dot, _ = value.path.partition(".")
    return group if dot else "The release"


def _settings_table(settings: type[Settings]) -> str:
    rows = [_row(each) for each in described(settings)]
    return "\n".join(["| variable | takes | default | meaning |", "|---|---|---|---|", *rows, ""])


def _row(setting: Setting) -> str:
    default = "must be given" if setting.default is None else f"`{setting.default}`" if setting.default else ""
    return f"| `{setting.variable}` | {setting.takes} | {default} | {setting.meaning.replace('*', chr(92) + '*')} |"
