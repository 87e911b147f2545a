"""`python -m hack.chart`: make what is made from other files, check the chart, or print where Helm is."""

import argparse
import sys

from hack.chart.generate import generated, write
from hack.chart.helm import lint, run, scenarios
from hack.chart.kustomize import kustomize_base
from hack.chart.package import package
from hack.chart.paths import CHART, PACKAGES, ROOT
from hack.chart.tools import HELM3, HELM4, UNITTEST, find_tool, report
from hack.lib.errors import BuildError


def generate() -> None:
    """Write the CRD templates, the README's table, the dashboard, the reference pages and the Kustomize base."""
    changed = write(generated())
    changed += write(kustomize_base(find_tool(HELM3)))
    for path in changed:
        report(f"Written: {path.relative_to(ROOT)}")


def check() -> None:
    """Lint every scenario with Helm 3 and 4 and run the truth tables."""
    for tool in (HELM3, HELM4):
        helm = find_tool(tool)
        for values in scenarios():
            lint(helm, values)
        report(f"{tool.name} lint: {len(scenarios())} scenarios are in order")
    print(run(find_tool(UNITTEST), "--strict", str(CHART)))


def pack() -> None:
    """Pack the chart into build/chart, with the address of its sources where git knows it."""
    print(package(find_tool(HELM3), PACKAGES))


def helm3_path() -> None:
    """Print where Helm 3 is, building it first when needed."""
    print(find_tool(HELM3))


def helm4_path() -> None:
    """Print where Helm 4 is, building it first when needed."""
    print(find_tool(HELM4))


COMMANDS = {"generate": generate, "check": check, "package": pack, "helm3-path": helm3_path, "helm4-path": helm4_path}


def main() -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hack.chart")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__)
    try:
        COMMANDS[parser.parse_args().command]()
    except BuildError as error:
        print(f"chart: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
