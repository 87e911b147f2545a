"""What an API server, a network and a login do to a watch; each time a change made meanwhile must reach the store."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import structlog
import yaml
from aiohttp import web

from noctuary.kube.login import Login
from noctuary.sources.kubernetes.session import WatchTimings
from noctuary.sources.kubernetes.source import KubernetesSource
from testbed.localkube import Cluster, Identities, LocalKube
from testbed.polling import until
from testbed.relay import Address, Relay
from testbed.watched_cluster import WatchedCluster, session_of

RECEIVER = "noctuary-receiver"
RECOVERY_S = 60.0


class LineProxy:
    """Passes requests on, and lets a rule rewrite the lines of each watch; None ends the answer."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        self.rule: Callable[[bytes], bytes | None] = lambda line: line
        self.meddled = 0

    async def start(self) -> int:
        configuration = await Login(self._kubeconfig).configuration()
        self._host = configuration.host
        self._session = aiohttp.ClientSession()
        self._ssl = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name in ("Authorization", "Content-Type")}
        body = await request.read()
        async with self._session.request(
            request.method, self._host + request.path_qs, headers=headers, data=body or None, ssl=self._ssl
        ) as upstream:
            answer = web.StreamResponse(status=upstream.status, headers={"Content-Type": "application/json"})
            await answer.prepare(request)
            if "watch" not in request.query:
                await answer.write(await upstream.read())
                return answer
            async for line in upstream.content:
                written = self.rule(line)
                self.meddled += written != line
                await answer.write(written or line[: len(line) // 2])
                if written is None:
                    break
            return answer

    async def stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()


def redirected(kubeconfig: Path, target: Path, server: str, **more: str) -> Path:
    """Copy a kubeconfig, with another address."""
    config = yaml.safe_load(kubeconfig.read_text())
    for each in config["clusters"]:
        each["cluster"] |= {"server": server, **more}
        if server.startswith("http:"):
            each["cluster"] = {"server": server}
    target.write_text(yaml.safe_dump(config))
    return target


@pytest.fixture
async def forwarder(cluster: Cluster, world: WatchedCluster, tmp_path: Path) -> AsyncIterator[tuple[Relay, Path]]:
    """A forwarder in front of the API server, and a kubeconfig that goes through it."""
    host, _, port = cluster.server.removeprefix("https://").partition(":")
    proxy = Relay(Address(host, int(port)))
    address = f"https://127.0.0.1:{await proxy.open()}"
    yield proxy, redirected(world.receiver_kubeconfig, tmp_path / "forwarded", address, **{"tls-server-name": host})
    await proxy.shut()


@pytest.fixture
async def line_proxy(world: WatchedCluster, tmp_path: Path) -> AsyncIterator[tuple[LineProxy, Path]]:
    """A proxy that meddles with watch lines, and a kubeconfig that goes through it."""
    proxy = LineProxy(world.receiver_kubeconfig)
    address = f"http://127.0.0.1:{await proxy.start()}"
    yield proxy, redirected(world.receiver_kubeconfig, tmp_path / "proxied", address)
    await proxy.stop()


@pytest.fixture
def own_control_plane(cluster: Cluster) -> LocalKube:
    if not isinstance(cluster, LocalKube):
        pytest.skip("needs a control plane that may be restarted")
    return cluster


async def roll_out_unseen(world: WatchedCluster, name: str = "shop") -> None:
    await world.roll_out(name, f"{name}:2")
    await world.a_pod(name, f"{name}:2")


async def start_shop(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")


async def seen_once(world: WatchedCluster) -> None:
    """The rollout reaches the store, once."""
    event = await world.event("deploy")
    assert (event.old_value, event.new_value) == ("shop:1", "shop:2")
    await world.caught_up()
    assert len(await world.events("deploy")) == 1


async def test_a_silent_stall_is_noticed(world: WatchedCluster, forwarder: tuple[Relay, Path]) -> None:
    proxy, kubeconfig = forwarder
    await start_shop(world)
    async with world.watching(kubeconfig):
        proxy.swallow()
        await roll_out_unseen(world)
        assert await world.events("deploy") == []
        proxy.heal()
        await seen_once(world)


async def test_connections_reset_in_the_middle_are_resumed(
    world: WatchedCluster, forwarder: tuple[Relay, Path]
) -> None:
    proxy, kubeconfig = forwarder
    await start_shop(world)
    async with world.watching(kubeconfig) as source:
        await world.roll_out("shop", "shop:2")
        proxy.reset_all()
        await seen_once(world)
        assert source.health()["deployments"].lists == 1


async def test_a_compacted_history_is_listed_anew(
    world: WatchedCluster, forwarder: tuple[Relay, Path], own_control_plane: LocalKube
) -> None:
    proxy, kubeconfig = forwarder
    await start_shop(world)
    async with world.watching(kubeconfig, timings=WatchTimings(watch_timeout_s=60)) as source:
        proxy.swallow()
        await roll_out_unseen(world)
        await asyncio.to_thread(own_control_plane.compact_etcd)
        await asyncio.to_thread(own_control_plane.restart_apiserver)
        proxy.heal()
        with structlog.testing.capture_logs() as logs:
            proxy.reset_all()
            await seen_once(world)
        assert source.health()["deployments"].lists == 2
    assert 410 in [each.get("status") for each in logs if each["event"] == "Watch failed, retrying"]


async def test_a_history_that_went_back_is_listed_anew(world: WatchedCluster, forwarder: tuple[Relay, Path]) -> None:
    """As after etcd was restored from a backup: the API server would stay silent until its counter catches up."""
    proxy, kubeconfig = forwarder
    await start_shop(world)
    async with world.watching(kubeconfig) as source:
        session_of(source)._watches[0]._watches["deployments"]._version = "999999999999"
        proxy.reset_all()
        await roll_out_unseen(world)
        await seen_once(world)
        assert source.health()["deployments"].lists == 2


async def test_an_api_server_that_restarts_is_watched_again(
    world: WatchedCluster, own_control_plane: LocalKube
) -> None:
    await start_shop(world)
    async with world.watching():
        await asyncio.to_thread(own_control_plane.stop_apiserver, grace_s=0)
        await asyncio.to_thread(own_control_plane.start_apiserver)
        await roll_out_unseen(world)
        await seen_once(world)


async def test_an_expired_token_is_read_again(
    world: WatchedCluster, own_control_plane: LocalKube, granted: Callable[[str], Identities]
) -> None:
    own_control_plane.identity_kubeconfig(world.namespace, RECEIVER, token_file=True)
    short = own_control_plane.mint_token(world.namespace, RECEIVER, lifetime_s=6)
    own_control_plane.write_token(world.namespace, RECEIVER, short)
    await start_shop(world)
    async with world.watching() as source:
        await refused(source)
        await roll_out_unseen(world)
        fresh = own_control_plane.create_token(world.namespace, RECEIVER)
        own_control_plane.write_token(world.namespace, RECEIVER, fresh)
        await seen_once(world)


async def refused(source: KubernetesSource) -> None:
    """The API server has refused the token."""

    async def is_refused() -> bool:
        return any(each.last_error and each.last_error.status == 401 for each in source.health().values())

    await until("it is so", is_refused, bool)


def torn(line: bytes) -> bytes | None:
    return None if b"shop:2" in line else line


def truncated(line: bytes) -> bytes | None:
    return line[: len(line) // 2] + b"\n" if b"shop:2" in line else line


def gone(line: bytes) -> bytes | None:
    failure = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'
    return failure if b"shop:2" in line else line


@pytest.mark.parametrize("fault", [torn, truncated, gone])
async def test_a_watch_line_that_is_broken_costs_no_change(
    world: WatchedCluster, line_proxy: tuple[LineProxy, Path], fault: Callable[[bytes], bytes | None]
) -> None:
    proxy, kubeconfig = line_proxy
    await start_shop(world)
    async with world.watching(kubeconfig):
        proxy.rule = lambda line: fault(line) if proxy.meddled < 3 else line
        await roll_out_unseen(world)
        await seen_once(world)
    assert proxy.meddled > 0


async def test_a_watch_that_brings_bookmarks_only_stays_current(
    world: WatchedCluster, line_proxy: tuple[LineProxy, Path]
) -> None:
    proxy, kubeconfig = line_proxy
    await start_shop(world)
    bookmarks = 0

    def count(line: bytes) -> bytes:
        nonlocal bookmarks
        bookmarks += b'"BOOKMARK"' in line
        return line

    async def enough() -> bool:
        return bookmarks >= 3

    proxy.rule = count
    # The API server sends a bookmark two seconds before the end of a watch.
    async with world.watching(kubeconfig, timings=WatchTimings(watch_timeout_s=4)) as source:
        await until("it is so", enough, bool)
        assert source.health()["statefulsets"].lists == 1
        await roll_out_unseen(world)
        await seen_once(world)
