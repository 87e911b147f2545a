"""The SQLite schema as numbered migrations; a migration that was released is never edited."""

import sqlite3

import structlog

from noctuary.common.errors import InvalidInput
from noctuary.store.sqlite import migration_accounts
from noctuary.store.sqlite.migrations import bounds, holdings
from noctuary.store.sqlite.work.schema import TURNS

log = structlog.get_logger()

DATA_DIR_SETTING = "NOCTUARY_DATA_DIR"
"""The setting that names the directory of the store, for error messages that tell the fix."""

MIGRATIONS = (
    """
    CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at REAL NOT NULL);

    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        integration_id TEXT NOT NULL,
        webhook_id TEXT NOT NULL,
        token_sha256 TEXT NOT NULL,
        received_at REAL NOT NULL,
        body BLOB NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due_at REAL NOT NULL,
        claimed INTEGER NOT NULL DEFAULT 0,
        finished_at REAL,
        event_id TEXT,
        last_error TEXT,
        UNIQUE (integration_id, webhook_id)
    );
    CREATE INDEX inbox_due ON inbox (due_at, id) WHERE finished_at IS NULL;
    CREATE INDEX inbox_finished ON inbox (finished_at) WHERE finished_at IS NOT NULL;
    CREATE INDEX inbox_event ON inbox (integration_id, event_id) WHERE event_id IS NOT NULL;

    CREATE TABLE events (
        row_id INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        source TEXT NOT NULL,
        dedup_key TEXT NOT NULL,
        service_name TEXT NOT NULL,
        timestamp REAL NOT NULL,
        last_seen REAL NOT NULL,
        expires_at REAL NOT NULL,
        count INTEGER NOT NULL,
        event BLOB NOT NULL,
        UNIQUE (tenant, source, dedup_key)
    );
    CREATE INDEX events_window ON events (tenant, service_name, last_seen DESC);
    CREATE INDEX events_expiry ON events (expires_at);
    CREATE TABLE services (
        tenant TEXT NOT NULL,
        service_name TEXT NOT NULL,
        last_event_at REAL NOT NULL,
        PRIMARY KEY (tenant, service_name)
    ) WITHOUT ROWID;

    CREATE TABLE incidents (
        account TEXT NOT NULL,
        incident_id TEXT NOT NULL,
        integration_id TEXT NOT NULL,
        is_open INTEGER NOT NULL,
        incident BLOB NOT NULL,
        diagnosis BLOB,
        PRIMARY KEY (account, incident_id)
    );
    CREATE INDEX incidents_open ON incidents (integration_id) WHERE is_open = 1;

    CREATE TABLE notes (
        account TEXT NOT NULL,
        incident_id TEXT NOT NULL,
        is_unsent INTEGER NOT NULL,
        next_attempt_at REAL NOT NULL,
        check_at REAL,
        note BLOB NOT NULL,
        PRIMARY KEY (account, incident_id)
    );
    CREATE INDEX notes_unsent ON notes (next_attempt_at) WHERE is_unsent = 1;
    CREATE INDEX notes_check ON notes (check_at) WHERE check_at IS NOT NULL;

    CREATE TABLE facts (
        id TEXT PRIMARY KEY,
        proven_token_sha256 TEXT,
        last_webhook_at REAL,
        last_note_at REAL,
        last_failure_at REAL,
        last_failure_reason TEXT,
        compared_until REAL,
        seq INTEGER NOT NULL UNIQUE
    );

    CREATE TABLE baselines (
        uid TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        template_hash TEXT NOT NULL,
        state BLOB NOT NULL,
        seen_at REAL NOT NULL
    ) WITHOUT ROWID;
    """,
    # Every statement is quick on any size of file. Claims live in memory now: those of the last process are released
    # for good, and what it had in memory (incidents younger than a minute are rechecked) is scheduled. Events are found
    # by their subjects now: those of the last day are given one here, all changes and the newest of all else.
    # What PagerDuty refused stands in numbers; the rows of before hold its text only, which began with
    # `PagerDuty answered 401 (code 2006)` and is read here once, so that a refusal outlives the upgrade.
    """
    ALTER TABLE incidents ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE notes ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

    CREATE TABLE rechecks (
        account TEXT NOT NULL,
        incident_id TEXT NOT NULL,
        due_at REAL NOT NULL,
        PRIMARY KEY (account, incident_id)
    ) WITHOUT ROWID;
    CREATE INDEX rechecks_due ON rechecks (due_at);
    INSERT INTO rechecks SELECT account, incident_id, unixepoch() + 60 FROM incidents
        WHERE is_open = 1 AND json_extract(CAST(incident AS TEXT), '$.triggered_at') > unixepoch() - 60;

    UPDATE inbox SET claimed = 0, due_at = received_at WHERE claimed = 1 AND finished_at IS NULL;

    ALTER TABLE facts ADD COLUMN last_failure_status INTEGER;
    ALTER TABLE facts ADD COLUMN last_failure_code INTEGER;
    UPDATE facts SET
        last_failure_status = CASE WHEN last_failure_reason LIKE 'PagerDuty answered ___%'
            THEN CAST(substr(last_failure_reason, 20, 3) AS INTEGER) ELSE 0 END,
        last_failure_code = CASE WHEN substr(last_failure_reason, 23) LIKE ' (code %'
            THEN CAST(substr(last_failure_reason, 30) AS INTEGER) ELSE 0 END
        WHERE last_failure_reason IS NOT NULL;

    CREATE TABLE subjects (
        subject_id INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        service_name TEXT NOT NULL,
        workload TEXT NOT NULL,
        labels TEXT NOT NULL,
        event_type TEXT NOT NULL,
        reason TEXT NOT NULL,
        sender TEXT NOT NULL,
        last_event_at REAL NOT NULL,
        UNIQUE (tenant, service_name, workload, labels, event_type, reason, sender)
    );
    CREATE TABLE sightings (
        subject_id INTEGER NOT NULL,
        last_seen REAL NOT NULL,
        row_id INTEGER NOT NULL,
        timestamp REAL NOT NULL,
        expires_at REAL NOT NULL,
        PRIMARY KEY (subject_id, last_seen, row_id)
    ) WITHOUT ROWID;
    ALTER TABLE events ADD COLUMN subject_id INTEGER NOT NULL DEFAULT 0;
    CREATE TRIGGER events_gone AFTER DELETE ON events BEGIN
        DELETE FROM sightings
            WHERE subject_id = old.subject_id AND last_seen = old.last_seen AND row_id = old.row_id;
    END;
    CREATE TEMP TABLE recent AS
        SELECT row_id, last_seen, json_extract(CAST(event AS TEXT), '$.event_type')
            IN ('deploy', 'flag_change', 'config_change', 'scale_event', 'schema_change') AS is_change
        FROM services CROSS JOIN events USING (tenant, service_name)
        WHERE last_seen >= (SELECT max(last_event_at) FROM services) - 86400
            AND expires_at > (SELECT max(last_event_at) FROM services)
            AND last_event_at >= (SELECT max(last_event_at) FROM services) - 86400;
    CREATE TEMP TABLE kept AS
        SELECT row_id, tenant, service_name, timestamp, last_seen, expires_at,
            coalesce(nullif(json_extract(told, '$.object.workload_name'), ''), json_extract(told, '$.object.name'),
                json_extract(told, '$.entity'), '') AS workload,
            coalesce(json_extract(told, '$.object.labels'), '{}') AS labels,
            json_extract(told, '$.event_type') AS event_type,
            coalesce(json_extract(told, '$.details.reason'), '') AS reason,
            iif(json_extract(told, '$.object') IS NULL, json_extract(told, '$.vendor'), '') AS sender
        FROM (SELECT *, CAST(event AS TEXT) AS told FROM events WHERE row_id IN (
            SELECT row_id FROM recent WHERE is_change
            UNION
            SELECT row_id FROM (SELECT row_id FROM recent WHERE NOT is_change ORDER BY last_seen DESC LIMIT 50000)
        ));
    INSERT INTO subjects (tenant, service_name, workload, labels, event_type, reason, sender, last_event_at)
        SELECT tenant, service_name, workload, labels, event_type, reason, sender, max(last_seen)
        FROM kept GROUP BY 1, 2, 3, 4, 5, 6, 7;
    INSERT INTO sightings SELECT subject_id, last_seen, row_id, timestamp, expires_at FROM kept JOIN subjects
        USING (tenant, service_name, workload, labels, event_type, reason, sender);
    UPDATE events SET subject_id = sightings.subject_id FROM sightings WHERE events.row_id = sightings.row_id;
    CREATE TEMP TABLE left_behind AS
        SELECT count(*) AS events FROM recent WHERE row_id NOT IN (SELECT row_id FROM kept);
    DROP TABLE recent;
    DROP TABLE kept;
    DROP INDEX events_window;
    """,
    migration_accounts.MIGRATION,
    TURNS,
    bounds.STATEMENTS,
    holdings.STATEMENTS,
    """
    ALTER TABLE facts ADD COLUMN signing_proof TEXT;
    ALTER TABLE facts ADD COLUMN rejected_secret TEXT;
    ALTER TABLE facts ADD COLUMN rejected_count INTEGER;
    ALTER TABLE facts ADD COLUMN rejected_since REAL;
    ALTER TABLE facts ADD COLUMN rejected_at REAL;
    """,
    """
    ALTER TABLE facts ADD COLUMN scope_met TEXT;
    ALTER TABLE facts ADD COLUMN outside_scope TEXT;
    ALTER TABLE facts ADD COLUMN outside_count INTEGER;
    ALTER TABLE facts ADD COLUMN outside_since REAL;
    ALTER TABLE facts ADD COLUMN outside_at REAL;
    ALTER TABLE facts ADD COLUMN outside_of TEXT;
    """,
)
"""Each entry leads from the version before it to its own (the first leads to 1)."""
SUBJECTS_VERSION = 2
"""The version that gave events their subjects; it says what it left behind."""


def require_known(connection: sqlite3.Connection) -> int:
    """Return the version of the file; raise InvalidInput when a newer program made it."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > len(MIGRATIONS):
        raise InvalidInput(
            DATA_DIR_SETTING,
            f"holds schema version {found}, but this program knows versions up to {len(MIGRATIONS)}",
            "run the newer program again, or name an empty directory",
        )
    return found


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest version, one transaction per step; raise InvalidInput when it is newer."""
    found = require_known(connection)
    migration_accounts.add_functions(connection)
    for version in range(found + 1, len(MIGRATIONS) + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[version - 1]} PRAGMA user_version = {version}; COMMIT;")
        if version == SUBJECTS_VERSION:
            _tell_left_behind(connection)


def _tell_left_behind(connection: sqlite3.Connection) -> None:
    """Say how many warnings no note will show any more, and forget the count."""
    count: int = connection.execute("SELECT events FROM temp.left_behind").fetchone()[0]
    connection.execute("DROP TABLE temp.left_behind")
    if count:
        log.warning("The upgrade left the oldest warnings of the last day behind, and no change", events=count)
