"""How long the way of an incident waits before it looks again, repeats or gives up."""

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """Seconds; each value's reason stands below it.

    A new note may be listed only after a while: looking before `settle_s` would find nothing and post a second one,
    and what is not listed by `last_look_s` was not applied. After a repeated POST doubles are looked for at
    `first_check_s` and `last_check_s`, should the first one have appeared even later. A 404 on a note younger than
    `young_note_s` means that it does not show yet; an older one was deleted by somebody. `held_s` is for notes of an
    integration that is suspended or not loaded, `mend_retry_s` for refusals that a person can mend: both are tried
    at once when the record changes, and after this without. `second_look_s` after an incident came its evidence is
    gathered once more: kubelets report within seconds, image pulls and back-offs within a minute.
    """

    settle_s: float = 10.0
    last_look_s: float = 30.0
    first_check_s: float = 20.0
    last_check_s: float = 60.0
    young_note_s: float = 60.0
    young_retry_s: float = 10.0
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    held_s: float = 60.0
    refused_retry_s: float = 3600.0
    poll_s: float = 0.5
    recheck_s: float = 60.0

    def backoff_s(self, attempts: int) -> float:
        """Return the pause after so many attempts: doubled each time, up to the longest."""
        return min(self.longest_backoff_s, self.first_backoff_s * 2.0 ** min(attempts, 20))
