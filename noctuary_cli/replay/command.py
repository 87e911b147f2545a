"""`noctuary replay`: bundles in, notes or lines of JSON out; one that cannot be used does not keep the others."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import structlog

from noctuary.common.errors import InvalidInput
from noctuary.common.settings.process import DONE, FAILED
from noctuary_cli.replay.answer import answer_of
from noctuary_cli.replay.bundle import Bundle, bundle_of, read_bundle
from noctuary_cli.replay.run import Replayed, replay

Load = Callable[[], Bundle]
UNUSABLE = 2
"""The exit code where an argument, or the only bundle, is wrong."""


def replay_bundles(bundle: Path | None, cases: Path | None, *, as_json: bool) -> int:
    """Play one bundle, or all cases of a file in their order; return the exit code."""
    if (bundle is None) == (cases is None):
        print("BUNDLE: name one bundle, or --cases FILE.jsonl for many", file=sys.stderr)
        return UNUSABLE
    with without_log():
        if bundle is not None:
            return DONE if _play(str(bundle), partial(read_bundle, bundle), as_json=as_json) else UNUSABLE
        return _play_all(cases or Path(), as_json=as_json)


def _play_all(cases: Path, *, as_json: bool) -> int:
    try:
        failed = sum(not _play(name, load, as_json=as_json) for name, load in _cases(cases))
    except InvalidInput as error:
        _refuse("", error)
        return UNUSABLE
    return FAILED if failed else DONE


@contextmanager
def without_log() -> Iterator[None]:
    """Say only what a person must know while something is played: an answer is no log."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _cases(path: Path) -> Iterator[tuple[str, Load]]:
    """Yield a name and what reads the bundle, line by line. Raises InvalidInput where the file cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{path.name} line {number}", partial(_case, line, number, path.parent)
    except OSError as error:
        raise InvalidInput("--cases", f"{path} cannot be read: {error.strerror}", "name a file that can") from None


def _case(line: str, number: int, beside: Path) -> Bundle:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"line {number}", f"is no JSON: {error}", "write each case on one line") from None
    if not isinstance(told, dict):
        raise InvalidInput(f"line {number}", "is no JSON object", "give {id, incident, objects}")
    return bundle_of(told, str(number), beside)


def _play(name: str, load: Load, *, as_json: bool) -> bool:
    """Play one bundle and print what it gives; return whether it could be used."""
    try:
        replayed = asyncio.run(replay(load()))
    except InvalidInput as error:
        _refuse(name, error)
        return False
    for each in replayed.odd:
        print(f"{replayed.id}: {each}", file=sys.stderr)
    print(json.dumps(answer_of(replayed), ensure_ascii=False) if as_json else _text(replayed), flush=True)
    return True


def _text(replayed: Replayed) -> str:
    return f"== {replayed.id}\n{replayed.note.rstrip()}\n"


def _refuse(name: str, error: InvalidInput) -> None:
    told = [name, f"{error.field} {error.problem}"]
    print(f"{': '.join(each for each in told if each)}; {error.fix}", file=sys.stderr)
