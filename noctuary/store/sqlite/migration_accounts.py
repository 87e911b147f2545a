"""The step to version 3: incidents are kept per integration, and notes per account of PagerDuty."""

import sqlite3

from noctuary.common.errors import InvalidInput
from noctuary.common.urls import normal_url

# What is stored of an incident was told by webhooks that anybody may have signed, so nobody's account is taken from it:
# it is learnt when PagerDuty shows the incident next. Until then a note is found by its API's URL, in one spelling; of
# notes of one incident that differed in spelling only, the one that stands in PagerDuty stays, the oldest first. The
# URL as it was spelled stays with the incident: the marker of its note was made of it. Rows are not copied, since they
# hold all evidence there is: the column of their old key, the URL, holds the integration for rows of from now on.
MIGRATION = """
    CREATE TEMP TABLE spelled AS SELECT account FROM (SELECT DISTINCT account FROM notes)
        WHERE account <> normal_url(account);
    CREATE TEMP TABLE placed AS
        SELECT *, row_number() OVER (
            PARTITION BY url, incident_id ORDER BY is_posted DESC, is_uncertain DESC, sent_at, note_row
        ) AS place
        FROM (
            SELECT rowid AS note_row, account, normal_url(account) AS url, incident_id,
                json_extract(CAST(note AS TEXT), '$.note_id') IS NOT NULL AS is_posted,
                json_extract(CAST(note AS TEXT), '$.posting_since') IS NOT NULL AS is_uncertain,
                coalesce(json_extract(CAST(note AS TEXT), '$.sent_at'), 0) AS sent_at
            FROM notes WHERE incident_id IN (SELECT incident_id FROM notes GROUP BY incident_id HAVING count(*) > 1)
        );
    DELETE FROM incidents WHERE rowid IN (
        SELECT row FROM (
            SELECT incidents.rowid AS row, row_number() OVER (
                PARTITION BY integration_id, incident_id ORDER BY coalesce(place, 9), incidents.rowid
            ) AS nth
            FROM incidents LEFT JOIN temp.placed USING (account, incident_id)
            WHERE incident_id IN (SELECT incident_id FROM incidents GROUP BY incident_id HAVING count(*) > 1)
        ) WHERE nth > 1
    );
    DELETE FROM notes WHERE rowid IN (SELECT note_row FROM temp.placed WHERE place > 1);
    UPDATE notes SET account = normal_url(account) WHERE account IN temp.spelled;
    DROP TABLE temp.spelled;
    DROP TABLE temp.placed;

    CREATE TABLE looks (
        integration_id TEXT NOT NULL,
        incident_id TEXT NOT NULL,
        due_at REAL NOT NULL,
        PRIMARY KEY (integration_id, incident_id)
    ) WITHOUT ROWID;
    INSERT OR IGNORE INTO looks
        SELECT integration_id, incident_id, due_at FROM rechecks JOIN incidents USING (account, incident_id)
        ORDER BY due_at;
    DROP TABLE rechecks;
    ALTER TABLE looks RENAME TO rechecks;
    CREATE INDEX rechecks_due ON rechecks (due_at);

    ALTER TABLE incidents RENAME COLUMN account TO told_to;
    ALTER TABLE incidents ADD COLUMN account TEXT NOT NULL DEFAULT '';
    ALTER TABLE incidents ADD COLUMN api_url TEXT;
    CREATE UNIQUE INDEX incidents_told ON incidents (integration_id, incident_id);
    CREATE INDEX incidents_account ON incidents (incident_id, account) WHERE account <> '';

    CREATE TABLE visits (
        integration_id TEXT NOT NULL,
        incident_id TEXT NOT NULL,
        due_at REAL NOT NULL,
        PRIMARY KEY (integration_id, incident_id)
    ) WITHOUT ROWID;
    CREATE INDEX visits_due ON visits (due_at, integration_id);

    ALTER TABLE facts ADD COLUMN account TEXT;
    ALTER TABLE facts ADD COLUMN account_key TEXT;
    ALTER TABLE facts ADD COLUMN displaced_by TEXT;
    ALTER TABLE facts ADD COLUMN displaced_incident TEXT;
    ALTER TABLE facts ADD COLUMN displaced_at REAL;
"""


def add_functions(connection: sqlite3.Connection) -> None:
    """Give the file's connection what the step computes with."""
    connection.create_function("normal_url", 1, _normal_url, deterministic=True)


def _normal_url(text: str) -> str:
    try:
        return normal_url(text)
    except InvalidInput:
        return text  # a step never fails for what somebody once wrote
