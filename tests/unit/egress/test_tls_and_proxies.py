"""TLS is for the name although the address is connected to, and a proxy of the environment is used as it always was."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import uvloop

from hack.lib.certificates import Authority
from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.egress.proxies import Proxies
from noctuary.common.errors import EgressRefused, InvalidInput
from tests.unit.egress.servers import ANYWHERE, Names, asking, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LISTED = EgressPolicy(("api.test",), private_hosts=("api.test",))
Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture
def tls(tmp_path: Path) -> Contexts:
    """A server's context with a certificate for api.test and 127.0.0.1, and a client's that trusts it."""
    authority = Authority("egress")
    authority.write(tmp_path / "authority.crt")
    authority.issue(tmp_path / "server", "api.test", names=["api.test", "127.0.0.1"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    return server, ssl.create_default_context(cafile=tmp_path / "authority.crt")


async def test_the_certificate_must_be_for_the_name_that_was_asked(tls: Contexts) -> None:
    async with serving(OK, tls[0]) as server, asking(LISTED, trust=tls[1]) as client:
        assert (await client.get(f"https://api.test:{server.port}/")).text == "ok"
    async with serving(OK, tls[0]) as server, asking(ANYWHERE, trust=tls[1]) as client:
        with pytest.raises(httpx.ConnectError, match="mismatch"):
            await client.get(f"https://other.test:{server.port}/")
        assert (await client.get(f"https://127.0.0.1:{server.port}/")).text == "ok"


async def test_a_certificate_that_nobody_vouches_for_is_refused(tls: Contexts) -> None:
    async with serving(OK, tls[0]) as server, asking(LISTED) as client:
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await client.get(f"https://api.test:{server.port}/")


async def test_a_server_that_never_shakes_hands_is_a_connect_timeout() -> None:
    async def say(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(say) as server, asking(LISTED) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(f"https://api.test:{server.port}/", timeout=0.2)


def test_tls_is_the_same_on_the_loop_of_the_processes(tls: Contexts) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_the_certificate_must_be_for_the_name_that_was_asked(tls))
        runner.run(test_a_certificate_that_nobody_vouches_for_is_refused(tls))
        runner.run(test_a_server_that_never_shakes_hands_is_a_connect_timeout())


def relay_to(port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]:
    """Speak like a proxy that lets every CONNECT through to one port."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        there = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        finally:
            there[1].transport.abort()

    return say


async def test_behind_a_proxy_names_are_looked_up_there_and_tls_goes_through(tls: Contexts) -> None:
    names = Names()
    async with serving(OK, tls[0]) as server, serving(relay_to(server.port)) as proxy:  # type: ignore[arg-type]
        async with asking(LISTED, names, trust=tls[1], https=proxy.url) as client:
            assert (await client.get("https://api.test/")).text == "ok"
        assert (names.asked, proxy.connections, server.connections) == ([], 1, 1)


@pytest.mark.parametrize("url", ["https://evil.test/", "https://127.0.0.1/", "https://[::1]/", "http://api.test/"])
async def test_a_proxy_does_not_lead_around_the_policy(url: str) -> None:
    policy = EgressPolicy(("api.test", "[::1]"))
    async with serving(OK) as proxy, asking(policy, https=proxy.url, http=proxy.url) as client:
        with pytest.raises(EgressRefused):
            await client.get(url)
        assert proxy.connections == 0


@pytest.mark.parametrize("no", ["api.test", ".test", "*", "other.test,api.test"])
async def test_no_proxy_names_hosts_that_are_asked_straight(tls: Contexts, no: str) -> None:
    async with serving(OK, tls[0]) as server, serving(b"") as proxy:
        async with asking(LISTED, trust=tls[1], https=proxy.url, no=no) as client:
            await client.get(f"https://api.test:{server.port}/")
        assert (server.connections, proxy.connections) == (1, 0)


@pytest.mark.parametrize("url", ["socks5://proxy:1080", "ftp://proxy", "http://proxy:x"])
def test_a_proxy_that_cannot_be_spoken_to_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"^HTTPS_PROXY: .*; write it as http://host:port"):
        Proxies({"https": url}, ssl.create_default_context())


def test_a_proxy_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", "one.corp")
    proxies = Proxies.of_environment(ssl.create_default_context())
    assert [proxies.covers(("https", host, 443)) for host in ("api.test", "one.corp")] == [True, False]
