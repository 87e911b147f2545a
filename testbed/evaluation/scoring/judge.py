"""One answer held against its truth."""

from typing import Any, NamedTuple

Json = dict[str, Any]
TOP = 3


class Judged(NamedTuple):
    """What an answer is worth; `sure` is how sure it was of its first line, `right` whether that was true."""

    id: str
    base: str
    kind: str
    slices: tuple[str, ...]
    has_cause: bool
    blames_change: bool
    first: bool
    among_three: bool
    kind_right: bool
    named: bool
    abstained: bool
    sure: float
    right: bool
    said: str


def judge(case: str, label: Json, answer: Json) -> Judged:
    """Hold an answer against the truth; an abstention names nobody, whatever weak candidates it lists."""
    ranked = [] if answer["abstained"] else answer["ranked"]
    true = {each.lower() for each in (label["entity"], *label["also"]) if each}
    hits = [each["entity"].lower() in true for each in ranked[:TOP]]
    first = bool(hits and hits[0])
    right = first if true else bool(answer["abstained"])
    names = {each.rpartition("/")[2] for each in true}
    sure = answer["abstain_confidence"] if answer["abstained"] else (ranked[0]["confidence"] if ranked else 0.0)
    return Judged(
        id=case,
        base=case.partition("#")[0],
        kind=label["kinds"][0],
        slices=tuple(label["slices"]),
        has_cause=bool(true),
        blames_change=not label["is_change"] and bool(ranked) and ranked[0]["is_change"] and not first,
        first=first,
        among_three=any(hits),
        kind_right=first and ranked[0]["kind"] in label["kinds"],
        named=any(name in answer["note"].lower() for name in names),
        abstained=bool(answer["abstained"]),
        sure=float(sure),
        right=right,
        said=f"{ranked[0]['entity']} ({ranked[0]['kind']}, {sure:.2f})" if ranked else f"none ({sure:.2f})",
    )
