"""What a comparison with PagerDuty's list reads and keeps: rows and ids, never evidence."""

import sqlite3

import msgspec

from noctuary.models.incident import IncidentRow
from noctuary.store.changes import SaveCompared
from noctuary.store.rows import IncidentKey, IntegrationState, KnownIncident
from noctuary.store.sqlite import integration_states


def known(connection: sqlite3.Connection, keys: list[IncidentKey]) -> dict[IncidentKey, KnownIncident]:
    """Return those of the incidents that are known."""
    found = {}
    for key in keys:
        row = connection.execute(
            "SELECT incident, revision, (SELECT integration_id FROM notes"
            " WHERE notes.account = incidents.account AND notes.incident_id = incidents.incident_id),"
            " account, coalesce(api_url, told_to)"
            " FROM incidents WHERE integration_id = ? AND incident_id = ?",
            key,
        ).fetchone()
        if row is not None:
            incident = msgspec.json.decode(row[0], type=IncidentRow)
            incident.integration_id, incident.revision = key[0], row[1]
            incident.account, incident.api_url = row[3], row[4]
            found[key] = KnownIncident(incident, row[2])
    return found


def open_ids(connection: sqlite3.Connection, integration_ids: list[str]) -> list[tuple[str, str]]:
    """Return integration and incident id of all that is not resolved of these integrations."""
    return connection.execute(
        "SELECT integration_id, incident_id FROM json_each(?) CROSS JOIN incidents"
        " ON integration_id = value WHERE is_open = 1",
        (_array(integration_ids),),
    ).fetchall()


def states(connection: sqlite3.Connection, integration_ids: list[str]) -> dict[str, IntegrationState]:
    """Return the states of these integrations, as far as there are any."""
    found = (integration_states.get(connection, each) for each in integration_ids)
    return {state.id: state for state in found if state is not None}


def save_compared(connection: sqlite3.Connection, change: SaveCompared) -> None:
    """Set when integrations were compared: their numbers stay, where nobody who asks for changes would see one."""
    ids = _array(change.ids)
    seen = connection.execute(
        "SELECT value FROM json_each(?) LEFT JOIN facts ON facts.id = value"
        " WHERE facts.id IS NULL OR last_failure_at > coalesce(compared_until, 0)",
        (ids,),
    ).fetchall()
    connection.execute(
        "UPDATE facts SET compared_until = ?1 WHERE id IN (SELECT value FROM json_each(?2))"
        " AND compared_until IS NOT ?1",
        (change.until, ids),
    )
    for (integration_id,) in seen:
        integration_states.save(connection, IntegrationState(id=integration_id, compared_until=change.until))


def _array(values: list[str]) -> str:
    return msgspec.json.encode(values).decode()
