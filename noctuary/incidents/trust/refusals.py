"""Whether PagerDuty refuses an integration's credentials at present, by the stored state and what changed since."""

from noctuary.common import clock
from noctuary.models.reports import Refusal
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.answers import NOT_THE_API, OF_NOTES, refused_setting
from noctuary.store.rows import IntegrationState

Credentials = tuple[str | None, str | None, str]


class Refusals:
    """Remembers since when each integration has its credentials: a refusal speaks of those it met, not of new ones."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Credentials, float]] = {}

    def credentials_loaded(self, integration_id: str, record: RoutingRecord | None, at: float) -> None:
        """Remember the credentials of a record that was loaded at a time; None: the record is gone."""
        if record is None:
            self._known.pop(integration_id, None)
            return
        credentials = (record.api_token, record.from_email, record.api_url)
        before = self._known.get(integration_id)
        if before is None or before[0] != credentials:
            # The first ones after a start may be those that were refused before it.
            self._known[integration_id] = (credentials, 0.0 if before is None else at)

    def current(self, state: IntegrationState) -> Refusal | None:
        """Return the refusal that still holds, in the words of PagerDuty's answer.

        A backfill that went well shows that a token is accepted for reads; that it may write, only a note shows.
        """
        status, code = state.last_failure_status or 0, state.last_failure_code or 0
        setting = refused_setting(status, code)
        if state.last_failure_at is None or setting is None:
            return None
        is_of_reads = (status, code) == NOT_THE_API or (status == OF_NOTES[0] and code != OF_NOTES[1])
        went_well = [state.last_note_at, state.compared_until if is_of_reads else None]
        _, since = self._known.get(state.id, ((None, None, ""), 0.0))
        now = clock.now()
        ends = (at for at in (since, *went_well) if at is not None and at <= now)  # later: by a clock that was ahead
        if state.last_failure_at <= max(ends, default=0.0):
            return None
        return Refusal(setting, state.last_failure_reason or "")
