"""Real monotonic seconds at which things happened, for benchmarks."""

from dataclasses import dataclass, field


@dataclass
class Timing:
    """When an incident's first webhook byte left, and when each of its notes was applied."""

    first_webhook_byte: float | None = None
    notes_applied: list[float] = field(default_factory=list)
    notes_edited: list[float] = field(default_factory=list)

    @property
    def seconds_to_first_note(self) -> float | None:
        """Seconds from the first webhook byte to the first note, or None when either is missing."""
        if self.first_webhook_byte is None or not self.notes_applied:
            return None
        return self.notes_applied[0] - self.first_webhook_byte
