"""One run: wave by wave, workloads are made, age, break, are paged; their notes are judged, their commands run."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hack.lib.cache import Progress
from testbed.live.bench import Bench
from testbed.live.cluster import LiveError
from testbed.live.commands import is_complete, run_commands
from testbed.live.grading import claim, commands, grade, headline, is_conditional
from testbed.live.manifests import predecessors
from testbed.live.place import Place, is_ready
from testbed.live.report import line_of
from testbed.live.results import Result, ResultDirectory
from testbed.live.scenario import Manifest, Scenario
from testbed.live.team import Team
from testbed.polling import until

AGE_S = 600.0
"""Twice the lookback: the rollout lies well outside of it."""
SECOND_LOOK_S = 72.0
"""The receiver gathers evidence once more 60 s after an incident came."""
FIRST_NOTE_S = 60.0
AT_ONCE = 8
"""Scenarios that are built or broken at the same time on two cores."""
JUDGED_AT_ONCE = 12
"""Their commands mostly wait."""
SETTLE_S = 4.0
"""Between the last pod being ready and a fault, as in life."""
GONE_S = 90.0
SET_UP_S = 150.0
"""Many start at once."""


class Batch:
    """Scenarios that stand together, and are broken in waves."""

    def __init__(
        self,
        bench: Bench,
        waves: Sequence[Sequence[Team]],
        results: ResultDirectory,
        progress: Progress,
        age_s: float = AGE_S,
    ) -> None:
        self._bench = bench
        self._waves = waves
        self._results = results
        self._progress = progress
        self._age_s = age_s
        self._services: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._judged: dict[str, Result] = {}

    async def run(self) -> list[Result]:
        """Play all of it; what cannot be played is a result, too."""
        began = time.monotonic()
        teams = [team for wave in self._waves for team in wave]
        await self._for_each(self._set_up, teams)
        self._progress(f"{len(teams)} workloads are set up ({time.monotonic() - began:.0f} s)")
        if any(team.scenario.age for team in teams):
            self._progress(f"their rollouts age for {self._age_s / 60:.0f} minutes")
            await asyncio.sleep(self._age_s)
        found: list[Result] = []
        for wave in self._waves:
            self._progress(f"a wave of {len(wave)} workloads, {sum(team.scenario.pods for team in wave)} pods, breaks")
            found += await self._play([team for team in wave if not team.scenario.alone])
            for team in wave:
                found += await self._play([team]) if team.scenario.alone else []
            await self._clear(wave)
        return found

    async def _play(self, teams: Sequence[Team]) -> list[Result]:
        """Break, page, wait for the second look, judge, run the commands."""
        try:
            return await self._play_all(teams)
        finally:
            for team in teams:
                await asyncio.to_thread(team.scenario.after, team.place)

    async def _play_all(self, teams: Sequence[Team]) -> list[Result]:
        await self._for_each(self._break, teams)
        paged = [team for team in teams if team.incident]
        self._progress(f"{len(paged)} incidents are open, waiting for the second look at each")
        if paged:
            await asyncio.sleep(SECOND_LOOK_S)
        await self._for_each(self._judge, paged, JUDGED_AT_ONCE)
        return [self._result_of(team) for team in teams]

    def _result_of(self, team: Team) -> Result:
        """Return the result of a team; one that could not be played says why."""
        name = team.scenario.name
        if name not in self._judged:
            self._judged[name] = _unplayed(team, self._failed.get(name, "no note came"))
            self._results.add(self._judged[name], team.first_note, "")
        return self._judged[name]

    async def _for_each(
        self, do: Callable[[Team], Awaitable[None]], teams: Sequence[Team], at_once: int = AT_ONCE
    ) -> None:
        turn = asyncio.Semaphore(at_once)

        async def one(team: Team) -> None:
            async with turn:
                if team.scenario.name in self._failed:
                    return
                try:
                    await do(team)
                except (LiveError, TimeoutError) as error:
                    self._failed[team.scenario.name] = str(error)
                    self._progress(f"cannot be played: {team.scenario.name}: {error}")

        await asyncio.gather(*(one(team) for team in teams))

    async def _set_up(self, team: Team) -> None:
        bench, place = self._bench, team.place
        service = await team.declare(bench.kube, bench.pagerduty, bench.user, bench.token)
        self._services[team.scenario.name] = service
        built = await asyncio.to_thread(team.scenario.build, place)
        if team.scenario.age:
            await asyncio.to_thread(_roll_out, place, predecessors(built))
        await asyncio.to_thread(_roll_out, place, built)

    async def _break(self, team: Team) -> None:
        scenario, place = team.scenario, team.place
        await asyncio.sleep(SETTLE_S)
        await asyncio.to_thread(scenario.fault, place)
        title = scenario.alert.format_map(place.names())
        incident = self._bench.pagerduty.trigger(self._services[scenario.name], title).id
        team.incident = incident
        await until(f"a note for {scenario.name}", lambda: bool(self._notes(incident)), timeout_s=FIRST_NOTE_S)
        team.first_note = self._notes(incident)

    def _notes(self, incident: str) -> str:
        notes = self._bench.pagerduty.notes(incident)
        return notes[0].content if notes else ""

    async def _judge(self, team: Team) -> None:
        note = self._notes(team.incident)
        result = await asyncio.to_thread(_judged, team, note)
        self._results.add(result, team.first_note, note)
        self._judged[team.scenario.name] = result
        self._progress(line_of(result))

    async def _clear(self, teams: Sequence[Team]) -> None:
        """Delete the wave's namespaces and wait until its pods are gone."""
        names = [team.place.namespace for team in teams]
        await asyncio.to_thread(
            self._bench.cluster.kubectl, "delete", "namespace", *names, "--wait=false", "--ignore-not-found"
        )

        def gone() -> bool:
            pods = self._bench.cluster.items("/api/v1/pods")
            return not any(pod["metadata"]["namespace"] in names for pod in pods)

        with contextlib.suppress(TimeoutError):
            await until("the wave's pods are gone", lambda: asyncio.to_thread(gone), timeout_s=GONE_S, poll_s=1.0)


def _roll_out(place: Place, manifests: Sequence[Manifest]) -> None:
    """Apply manifests and wait until their pods are ready."""
    place.apply(*manifests)
    path = f"/api/v1/namespaces/{place.namespace}/pods"
    kinds = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod"}
    has_pods = any(each["kind"] in kinds for each in manifests)

    def ready() -> bool:
        pods = place.cluster.items(path)
        complete = all(is_complete(found) for found in place.workloads().values())
        return complete and bool(pods or not has_pods) and all(is_ready(pod) for pod in pods)

    place.wait("all pods ready", ready, SET_UP_S)


def _unplayed(team: Team, why: str) -> Result:
    """The result of a scenario before its note is judged, or that has none."""
    scenario, place = team.scenario, team.place
    return Result(
        name=scenario.name,
        namespace=place.namespace,
        app=place.app,
        entity=scenario.truth.entity.format_map(place.names()),
        cause=scenario.truth.cause,
        aged=scenario.age,
        error=why,
    )


def _judged(team: Team, note: str) -> Result:
    """Judge the note, and do what it says."""
    place, truth, names = team.place, team.scenario.truth, team.place.names()
    outcome = run_commands(place, truth, commands(note), conditional=is_conditional(note))
    return msgspec.structs.replace(
        _unplayed(team, ""),
        verdict=grade(truth, note, names),
        first_verdict=grade(truth, team.first_note, names),
        claim=claim(note),
        headline=headline(note),
        outcome=outcome,
    )


def numbered(scenarios: Sequence[Scenario], chosen: Sequence[str]) -> list[tuple[int, Scenario]]:
    """Give every scenario its number, and leave those that were asked for; raises LiveError for an unknown name."""
    unknown = sorted(set(chosen) - {scenario.name for scenario in scenarios})
    if unknown:
        raise LiveError(f"there is no scenario {', '.join(unknown)}: `python -m testbed.live list` names all")
    return [(n, each) for n, each in enumerate(scenarios, 1) if not chosen or each.name in chosen]
