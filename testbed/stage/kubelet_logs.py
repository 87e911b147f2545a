"""The port of a kubelet on which the API server asks for logs, so that `pods/log` can be read where no node runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hack.lib.certificates import Authority

ADDRESS = "127.0.0.1"


class KubeletLogs:
    """Logs by `namespace/pod/container`, and `.previous` behind it for the run before; what was asked for."""

    def __init__(self) -> None:
        self.logs: dict[str, str] = {}
        self.asked: list[str] = []
        self.is_silent = False
        self.port = 0

    def status(self) -> dict[str, Any]:
        """Return the status of a node that leads here."""
        return {
            "addresses": [{"type": "InternalIP", "address": ADDRESS}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
        }

    @asynccontextmanager
    async def serving(self, directory: Path) -> AsyncIterator["KubeletLogs"]:
        """Serve with a certificate that nobody asks for more of."""
        Authority("kubelets of tests").issue(directory / "kubelet", "kubelet", names=[ADDRESS])
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(directory / "kubelet.crt", directory / "kubelet.key")
        server = await asyncio.start_server(self._speak, ADDRESS, 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = head.split(" ")[1]
            self.asked.append(target)
            if self.is_silent:
                await asyncio.Event().wait()
            status, body = self._answer(target)
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
            )
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the API server went, or the test is over
        finally:
            writer.close()

    def _answer(self, target: str) -> tuple[str, bytes]:
        """Answer as kubelets do: the last lines, and of these the first bytes."""
        asked = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(asked.query).items()}
        name = asked.path.removeprefix("/containerLogs/") + (".previous" if query.get("previous") == "true" else "")
        if name not in self.logs:
            return "400 Bad Request", b"previous terminated container not found"
        lines = self.logs[name].encode().splitlines(keepends=True)[-int(query.get("tailLines", "1000")) :]
        return "200 OK", b"".join(lines)[: int(query.get("limitBytes", "1000000"))]
