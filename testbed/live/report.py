"""What a run and a comparison of two runs print."""

from collections.abc import Sequence

import msgspec

from testbed.live.grading import grade
from testbed.live.results import Result, ResultDirectory, Totals, totals
from testbed.live.scenario import Scenario, names_in

_WIDTH = 100


def line_of(result: Result) -> str:
    """Return one workload on one line."""
    verdict = result.verdict or "not played"
    said = result.headline.splitlines()[0] if result.headline else result.error
    return f"{verdict:<12} {result.claim:<8} {result.name:<28} {_outcome(result):<22} {said}"


def _outcome(result: Result) -> str:
    outcome = result.outcome
    if outcome.harm:
        return "HARM"
    if not outcome.pasted:
        return "no command"
    if outcome.well_after and not outcome.well_before:
        return "command mended it"
    return "answers" if outcome.answered_after else "does not answer"


def table(results: Sequence[Result]) -> str:
    """Return all workloads, worst first, what the commands did where it matters, and the totals."""
    order = {"wrong": 0, "half": 1, "right": 2, "rightly none": 3}
    ordered = sorted(results, key=lambda each: (order.get(each.verdict or "", -1), each.name))
    harms = [f"HARM {each.name}: {each.outcome.harm}" for each in results if each.outcome.harm]
    failed = [
        f"exit {pasted.exit_code} {each.name}: {pasted.line}\n    {pasted.said.splitlines()[-1] if pasted.said else ''}"
        for each in results
        for pasted in each.outcome.pasted
        if pasted.exit_code != 0
    ]
    return "\n".join([*map(line_of, ordered), "", *harms, *failed, "", figures(totals(results))])


def judge_again(run: ResultDirectory, scenarios: Sequence[Scenario]) -> list[Result]:
    """Return a run's results with the notes that it kept judged by the truths of today."""
    truths = {scenario.name: scenario.truth for scenario in scenarios}
    return [
        msgspec.structs.replace(each, verdict=grade(truths[each.name], run.note(each.name), names_in(each.app)))
        if each.verdict and each.name in truths
        else each
        for each in run.read()
    ]


def figures(found: Totals) -> str:
    """Return the totals as a reader wants them."""
    verdicts = ", ".join(f"{count} {name}" for name, count in found.verdicts.items())
    return "\n".join(
        [
            f"Verdicts: {verdicts}; {found.unmeasured} not played",
            f"Likely was said {found.likely} times, right {found.likely_right} times",
            f"Controls: {found.controls}, blamed {found.controls_blamed}",
            f"Commands: {found.pasted} run, {found.failed_commands} failed",
            f"Workloads: {found.mended} mended by commands, {found.harmed} harmed",
        ]
    )


def comparison(old: ResultDirectory, new: ResultDirectory, scenarios: Sequence[Scenario]) -> str:
    """Return old and new note of every workload of either run, and both totals."""
    before = {each.name: each for each in judge_again(old, scenarios)}
    after = {each.name: each for each in judge_again(new, scenarios)}
    parts = []
    for name in dict.fromkeys((*before, *after)):
        known = after.get(name) or before[name]
        truth = f"{known.entity or 'nothing'}: {known.cause}"
        parts += ["=" * _WIDTH, f"{name}   (truth: {truth})"]
        for run, found in ((old, before.get(name)), (new, after.get(name))):
            verdict = (found.verdict or "not played") if found else "not in this run"
            harm = f", HARM: {found.outcome.harm}" if found and found.outcome.harm else ""
            parts += ["", f"--- {run.path.name}: {verdict}{harm}", run.note(name)]
    ends = (f"{run.path.name}\n{figures(totals(list(found.values())))}" for run, found in ((old, before), (new, after)))
    return "\n".join([*parts, "=" * _WIDTH, *ends])
