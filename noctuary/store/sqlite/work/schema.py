"""What the tables of waiting work need so that whose turn it is can be asked without reading what waits."""

TURNS = """
    -- Claims are in memory since version 2: the column tells now which webhooks wait for their integration.
    ALTER TABLE inbox RENAME COLUMN claimed TO parked;
    UPDATE inbox SET parked = 0 WHERE finished_at IS NULL AND parked <> 0;
    DROP INDEX inbox_due;
    CREATE INDEX inbox_due ON inbox (parked, due_at, id, integration_id) WHERE finished_at IS NULL;
    CREATE INDEX inbox_turns ON inbox (parked, integration_id, due_at, id) WHERE finished_at IS NULL;

    -- Only notes with something to do need an owner here: the others get theirs when they are written next.
    ALTER TABLE notes ADD COLUMN integration_id TEXT NOT NULL DEFAULT '';
    UPDATE notes SET integration_id = coalesce(json_extract(CAST(note AS TEXT), '$.integration_id'), '')
        WHERE (is_unsent = 1 OR check_at IS NOT NULL) AND json_valid(CAST(note AS TEXT));
    ALTER TABLE notes ADD COLUMN due_at REAL GENERATED ALWAYS AS
        (CASE WHEN is_unsent THEN next_attempt_at ELSE max(check_at, next_attempt_at) END) VIRTUAL;
    DROP INDEX notes_check;
    CREATE INDEX notes_due ON notes (due_at, integration_id, account, incident_id) WHERE due_at IS NOT NULL;
    CREATE INDEX notes_turns ON notes (integration_id, due_at, account, incident_id) WHERE due_at IS NOT NULL;

    CREATE INDEX visits_turns ON visits (integration_id, due_at, incident_id);
"""
