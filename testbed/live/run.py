"""One run: wave by wave, workloads are made, age, break, are paged; their notes are judged, their commands run."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hack.lib.cache import Progress
from testbed.kind.state import ClusterRecord
from testbed.live.cluster import LiveCluster, LiveError, open_cluster
from testbed.live.commands import run_commands
from testbed.live.grading import claim, commands, grade, headline
from testbed.live.place import is_ready
from testbed.live.release import TreeRelease, borrowed
from testbed.live.report import line_of
from testbed.live.results import Result, ResultDirectory
from testbed.live.scenario import Scenario
from testbed.live.team import Team
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import Kube
from testbed.stage.user import User

AGE_S = 600.0
"""Twice the lookback: the rollout lies well outside of it."""
SECOND_LOOK_S = 72.0
"""The receiver gathers evidence once more 60 s after an incident came."""
FIRST_NOTE_S = 30.0
AT_ONCE = 6
"""Scenarios that are played at the same time on two cores."""
SETTLE_S = 4.0
"""Between the last pod being ready and a fault, as in life."""
GONE_S = 90.0


@dataclass(frozen=True)
class Bench:
    """Everything that a run needs, put up."""

    cluster: LiveCluster
    kube: Kube
    pagerduty: PagerDutySimulator
    release: TreeRelease
    user: User
    token: str


@contextlib.asynccontextmanager
async def open_bench(facts: ClusterRecord, tree: Path) -> AsyncIterator[Bench]:
    """Start a PagerDuty and the release of a tree beside the cluster, and end them whatever happens."""
    with TemporaryDirectory(prefix="noctuary-live-") as directory, open_cluster(facts) as cluster:
        borrowed_cluster = borrowed(facts, Path(directory))
        kube = await Kube.connect(borrowed_cluster.kubeconfig)
        async with PagerDutySimulator(requests_per_minute=None) as pagerduty:
            release = TreeRelease(borrowed_cluster, pagerduty.url, Path(directory) / "release", tree)
            try:
                await asyncio.to_thread(release.install)
                user = User(kube, pagerduty, release)
                yield Bench(cluster, kube, pagerduty, release, user, pagerduty.add_token())
            finally:
                await asyncio.to_thread(release.remove)
                await kube.drop_namespaces()
                await kube.close()


class Wave:
    """Scenarios that run together."""

    def __init__(self, bench: Bench, teams: Sequence[Team], results: ResultDirectory, progress: Progress) -> None:
        self._bench = bench
        self._teams = teams
        self._results = results
        self._progress = progress
        self._services: dict[str, str] = {}
        self._failed: dict[str, str] = {}

    async def run(self) -> list[Result]:
        """Play all of it; what cannot be played is a result, too."""
        began = time.monotonic()
        await self._for_each(self._set_up, self._teams)
        self._progress(f"{len(self._teams)} workloads are set up ({time.monotonic() - began:.0f} s)")
        if any(team.scenario.age for team in self._teams):
            self._progress(f"their rollouts age for {AGE_S / 60:.0f} minutes")
            await asyncio.sleep(AGE_S)
        together = [team for team in self._teams if not team.scenario.alone]
        found = await self._play(together)
        for team in self._teams:
            if team.scenario.alone:
                found += await self._play([team])
        await self._clear()
        return found

    async def _play(self, teams: Sequence[Team]) -> list[Result]:
        """Break, page, wait for the second look, judge, run the commands."""
        await self._for_each(self._break, teams)
        paged = [team for team in teams if team.incident]
        self._progress(f"{len(paged)} incidents are open, waiting for the second look at each")
        if paged:
            await asyncio.sleep(SECOND_LOOK_S)
        judged: list[Result] = []
        await self._for_each(lambda team: self._judge(team, judged), teams)
        return judged

    async def _for_each(self, do: Callable[[Team], Awaitable[None]], teams: Sequence[Team]) -> None:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(team: Team) -> None:
            async with turn:
                if team.scenario.name in self._failed and do != self._judge:
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
        await asyncio.to_thread(place.apply, *built)
        path = f"/api/v1/namespaces/{place.namespace}/pods"
        wanted = sum(each["kind"] != "Service" and "spec" in each for each in built) > 0

        def ready() -> bool:
            pods = place.cluster.items(path)
            return bool(pods or not wanted) and all(is_ready(pod) for pod in pods)

        await asyncio.to_thread(place.wait, "all pods ready", ready)

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

    async def _judge(self, team: Team, judged: list[Result]) -> None:
        note = self._notes(team.incident) if team.incident else ""
        try:
            result = await asyncio.to_thread(self._result, team, note)
        finally:
            await asyncio.to_thread(team.scenario.after, team.place)
        self._results.add(result, team.first_note, note)
        self._progress(line_of(result))
        judged.append(result)

    def _result(self, team: Team, note: str) -> Result:
        scenario, place, truth, names = team.scenario, team.place, team.scenario.truth, team.place.names()
        known = {"name": scenario.name, "namespace": place.namespace, "app": place.app, "aged": scenario.age}
        truth_told = {"entity": truth.entity.format_map(names), "cause": truth.cause}
        if not note:
            return Result(**known, **truth_told, error=self._failed.get(scenario.name, "no note came"))
        outcome = run_commands(place, truth, commands(note))
        return Result(
            **known,
            **truth_told,
            verdict=grade(truth, note, names),
            first_verdict=grade(truth, team.first_note, names),
            claim=claim(note),
            headline=headline(note),
            outcome=outcome,
        )

    async def _clear(self) -> None:
        """Delete the wave's namespaces and wait until its pods are gone."""
        names = [team.place.namespace for team in self._teams]
        await asyncio.to_thread(
            self._bench.cluster.kubectl, "delete", "namespace", *names, "--wait=false", "--ignore-not-found"
        )

        def gone() -> bool:
            pods = self._bench.cluster.items("/api/v1/pods")
            return not any(pod["metadata"]["namespace"] in names for pod in pods)

        with contextlib.suppress(TimeoutError):
            await until("the wave's pods are gone", lambda: asyncio.to_thread(gone), timeout_s=GONE_S, poll_s=1.0)


def numbered(scenarios: Sequence[Scenario], chosen: Sequence[str]) -> list[tuple[int, Scenario]]:
    """Give every scenario its number, and leave those that were asked for; raises LiveError for an unknown name."""
    unknown = sorted(set(chosen) - {scenario.name for scenario in scenarios})
    if unknown:
        raise LiveError(f"there is no scenario {', '.join(unknown)}: `python -m testbed.live list` names all")
    return [(n, each) for n, each in enumerate(scenarios, 1) if not chosen or each.name in chosen]
