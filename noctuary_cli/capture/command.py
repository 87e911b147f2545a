"""`noctuary replay --capture NAMESPACE`: read a live cluster, write a bundle, say what it lacks."""

import asyncio
import sys
from pathlib import Path

from noctuary.common.errors import InvalidInput, KubernetesError
from noctuary.common.settings.process import DONE, FAILED
from noctuary.kube.client import KubeClient
from noctuary_cli.capture.capture import Asked, Captured, capture
from noctuary_cli.capture.write import default_output, make_directory, write_bundle

UNUSABLE = 2
"""The exit code where an argument is wrong."""
READ_IT = "Read it before you send it: of names and messages only what looks like a secret was taken out."


def capture_bundle(asked: Asked, output: Path | None) -> int:
    """Capture some namespaces into a directory; return the exit code."""
    place = output or default_output(asked.namespaces[0])
    try:
        make_directory(place)
        captured = asyncio.run(_capture(asked))
        write_bundle(captured, place)
    except InvalidInput as error:
        print(f"{error.field} {error.problem}; {error.fix}", file=sys.stderr)
        return UNUSABLE
    except KubernetesError as error:
        print(f"The cluster cannot be read: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"{place} cannot be written: {error.strerror}", file=sys.stderr)
        return FAILED
    _tell(captured, place)
    return DONE


async def _capture(asked: Asked) -> Captured:
    kube = await KubeClient.connect()
    try:
        return await capture(kube, asked)
    finally:
        await kube.close()


def _tell(captured: Captured, place: Path) -> None:
    for each in captured.not_read:
        print(f"not read: {each}", file=sys.stderr)
    print(f"{place}: {len(captured.objects)} objects, {len(captured.logs)} logs. {READ_IT}")
    print(f"noctuary replay {place}")
