"""How long the pipeline of an incident waits before it looks again, repeats or gives up."""

import msgspec

from noctuary.common.backoff import Backoff


class Timings(msgspec.Struct, frozen=True):
    """Seconds; each value's reason follows.

    A new note may be listed only after a while: looking before `settle_s` would find nothing and post a second one,
    and what is not listed by `last_look_s` was not applied. After a repeated POST doubles are looked for at
    `first_check_s` and `last_check_s`, should the first one have appeared even later. A 404 on a note younger than
    `young_note_s` means that it is not listed yet; an older one was deleted by somebody. `held_s` is for notes of an
    integration that is suspended or not loaded, `refused_retry_s` for refusals that a person can fix: both are retried
    at once when the record changes, and after this without; thousands may be held, so it is no short time (one that was
    refused is tried with every comparison). What the first note does not wait for
    (metrics, logs of what crashed) is read `soon_s` after it, where there is any. `recheck_s`
    after an incident came its evidence is gathered once more: kubelets report within seconds, image pulls and
    back-offs within a minute. `last_recheck_s`
    after it came it is gathered for the last time: a pull that times out, a back-off that has grown to minutes and a
    person's rollback show by then. `lease_s` is how long a claim of one step lasts: longer than the slowest call, so
    that nobody else begins the same step meanwhile. `rival_wait_s` is how long an integration leaves a note to each
    that ranks before it and has not confirmed the incident yet: the other's webhook is sent at the same moment, and
    PagerDuty gives up an attempt after five seconds. `confirm` is the pause before an incident is read again that
    PagerDuty did not know or refused to show: a new one may be readable late. An answer that is older than what a
    webhook told is asked for once more after `doubt_s`.
    """

    settle_s: float = 10.0
    last_look_s: float = 30.0
    first_check_s: float = 20.0
    last_check_s: float = 60.0
    young_note_s: float = 60.0
    young_retry_s: float = 10.0
    backoff: Backoff = Backoff(1.0, 60.0, jitter=0.1)
    held_s: float = 3600.0
    refused_retry_s: float = 3600.0
    poll_s: float = 0.5
    soon_s: float = 0.0
    recheck_s: float = 60.0
    last_recheck_s: float = 300.0
    lease_s: float = 120.0
    rival_wait_s: float = 10.0
    confirm: Backoff = Backoff(5.0, 300.0, jitter=0.1)
    doubt_s: float = 10.0
