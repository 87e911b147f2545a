"""The one table that `make faults` prints."""

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What one scenario did and what it must not have done; all of `must_be_zero` decide the exit code."""

    name: str
    done: dict[str, int] = field(default_factory=dict)
    must_be_zero: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, doubled or left behind."""
        return not any(self.must_be_zero.values())


def render(outcomes: list[Outcome]) -> str:
    """Lay the outcomes out as one table."""
    lines = [f"{'scenario':<12} {'what':<58} {'count':>7}  verdict"]
    for outcome in outcomes:
        lines += [f"{outcome.name:<12} {what:<58} {count:>7}" for what, count in outcome.done.items()]
        lines += [
            f"{outcome.name:<12} {what:<58} {count:>7}  {'ok' if count == 0 else 'FAILED'}"
            for what, count in outcome.must_be_zero.items()
        ]
        lines += [f"{outcome.name:<12}   {remark}" for remark in outcome.remarks]
    return "\n".join(lines)
