"""The migration that counts what each namespace keeps beside its events, and lets rechecks be asked for by turns."""

STATEMENTS = """
    DROP TRIGGER inbox_added;
    DROP TRIGGER inbox_done;
    DROP TRIGGER inbox_gone;
    DROP TABLE inbox_usage;
    UPDATE notes SET integration_id = coalesce(json_extract(CAST(note AS TEXT), '$.integration_id'), '')
        WHERE integration_id = '' AND json_valid(CAST(note AS TEXT));
    CREATE INDEX rechecks_turns ON rechecks (integration_id, due_at, incident_id);
    CREATE INDEX subjects_posts ON subjects (tenant, service_name, last_event_at) WHERE sender <> '';
    CREATE INDEX subjects_objects ON subjects (tenant, service_name, last_event_at) WHERE sender = '';
    CREATE INDEX subjects_workloads ON subjects (tenant, workload, last_event_at) WHERE sender = '';
    CREATE INDEX subjects_labels ON subjects (tenant, labels, last_event_at) WHERE sender = '';
    ALTER TABLE subjects ADD COLUMN size INTEGER AS
        (512 + 2 * length(CAST(service_name || workload || labels || reason || sender AS BLOB))) VIRTUAL;
    ALTER TABLE subjects ADD COLUMN unused_at REAL;
    ALTER TABLE tenants ADD COLUMN unused_bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE subjects SET unused_at = last_event_at
        WHERE NOT EXISTS (SELECT 1 FROM sightings WHERE sightings.subject_id = subjects.subject_id);
    CREATE INDEX subjects_unused ON subjects (tenant, unused_at) WHERE unused_at IS NOT NULL;
    INSERT INTO tenants SELECT tenant, 0, sum(size) FROM subjects WHERE unused_at IS NOT NULL GROUP BY tenant
        ON CONFLICT (tenant) DO UPDATE SET unused_bytes = excluded.unused_bytes;
    CREATE TRIGGER subject_unused AFTER UPDATE OF unused_at ON subjects
            WHEN old.unused_at IS NULL AND new.unused_at IS NOT NULL BEGIN
        INSERT INTO tenants VALUES (new.tenant, 0, new.size)
            ON CONFLICT (tenant) DO UPDATE SET unused_bytes = unused_bytes + excluded.unused_bytes;
    END;
    CREATE TRIGGER subject_used AFTER UPDATE OF unused_at ON subjects
            WHEN old.unused_at IS NOT NULL AND new.unused_at IS NULL BEGIN
        UPDATE tenants SET unused_bytes = unused_bytes - old.size WHERE tenant = old.tenant;
    END;
    CREATE TRIGGER subject_unused_gone AFTER DELETE ON subjects WHEN old.unused_at IS NOT NULL BEGIN
        UPDATE tenants SET unused_bytes = unused_bytes - old.size WHERE tenant = old.tenant;
    END;
    CREATE INDEX incidents_closed ON incidents (integration_id) WHERE is_open = 0;

    CREATE TABLE holders (
        integration_id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL,
        waiting INTEGER NOT NULL DEFAULT 0,
        waiting_bytes INTEGER NOT NULL DEFAULT 0,
        finished INTEGER NOT NULL DEFAULT 0,
        kept INTEGER NOT NULL DEFAULT 0,
        kept_bytes INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX holders_tenant ON holders (tenant);
    CREATE TABLE holdings (
        tenant TEXT PRIMARY KEY,
        waiting INTEGER NOT NULL,
        waiting_bytes INTEGER NOT NULL,
        finished INTEGER NOT NULL,
        kept INTEGER NOT NULL,
        kept_bytes INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO holders
        SELECT integration_id, integration_id, sum(waiting), sum(waiting_bytes), sum(finished), sum(kept), sum(bytes)
        FROM (
            SELECT integration_id, finished_at IS NULL AS waiting,
                iif(finished_at IS NULL, length(body), 0) AS waiting_bytes, finished_at IS NOT NULL AS finished,
                0 AS kept, 0 AS bytes FROM inbox
            UNION ALL SELECT integration_id, 0, 0, 0, 1, length(incident) + coalesce(length(diagnosis), 0)
                FROM incidents
            UNION ALL SELECT integration_id, 0, 0, 0, 1, length(note) FROM notes
            UNION ALL SELECT id, 0, 0, 0, 1, coalesce(length(last_failure_reason), 0) FROM facts
        ) GROUP BY integration_id;
    INSERT INTO holdings SELECT tenant, waiting, waiting_bytes, finished, kept, kept_bytes FROM holders;

    CREATE TRIGGER holder_added AFTER INSERT ON holders BEGIN
        INSERT INTO holdings
            VALUES (new.tenant, new.waiting, new.waiting_bytes, new.finished, new.kept, new.kept_bytes)
            ON CONFLICT (tenant) DO UPDATE SET waiting = waiting + excluded.waiting,
            waiting_bytes = waiting_bytes + excluded.waiting_bytes, finished = finished + excluded.finished,
            kept = kept + excluded.kept, kept_bytes = kept_bytes + excluded.kept_bytes;
    END;
    CREATE TRIGGER holder_changed AFTER UPDATE ON holders WHEN old.tenant = new.tenant BEGIN
        UPDATE holdings SET waiting = waiting + new.waiting - old.waiting,
            waiting_bytes = waiting_bytes + new.waiting_bytes - old.waiting_bytes,
            finished = finished + new.finished - old.finished, kept = kept + new.kept - old.kept,
            kept_bytes = kept_bytes + new.kept_bytes - old.kept_bytes WHERE tenant = new.tenant;
    END;
    CREATE TRIGGER holder_moved AFTER UPDATE ON holders WHEN old.tenant <> new.tenant BEGIN
        UPDATE holdings SET waiting = waiting - old.waiting, waiting_bytes = waiting_bytes - old.waiting_bytes,
            finished = finished - old.finished, kept = kept - old.kept, kept_bytes = kept_bytes - old.kept_bytes
            WHERE tenant = old.tenant;
        DELETE FROM holdings
            WHERE tenant = old.tenant AND NOT EXISTS (SELECT 1 FROM holders WHERE holders.tenant = old.tenant);
        INSERT INTO holdings
            VALUES (new.tenant, new.waiting, new.waiting_bytes, new.finished, new.kept, new.kept_bytes)
            ON CONFLICT (tenant) DO UPDATE SET waiting = waiting + excluded.waiting,
            waiting_bytes = waiting_bytes + excluded.waiting_bytes, finished = finished + excluded.finished,
            kept = kept + excluded.kept, kept_bytes = kept_bytes + excluded.kept_bytes;
    END;

    CREATE TRIGGER inbox_added AFTER INSERT ON inbox BEGIN
        INSERT INTO holders (integration_id, tenant, waiting, waiting_bytes)
            VALUES (new.integration_id, new.integration_id, 1, length(new.body))
            ON CONFLICT (integration_id) DO UPDATE
            SET waiting = waiting + 1, waiting_bytes = waiting_bytes + excluded.waiting_bytes;
    END;
    CREATE TRIGGER inbox_done AFTER UPDATE OF finished_at ON inbox
            WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL BEGIN
        UPDATE holders SET waiting = waiting - 1, waiting_bytes = waiting_bytes - length(old.body),
            finished = finished + 1 WHERE integration_id = old.integration_id;
    END;
    CREATE TRIGGER inbox_gone AFTER DELETE ON inbox BEGIN
        UPDATE holders SET
            waiting = waiting - (old.finished_at IS NULL),
            waiting_bytes = waiting_bytes - iif(old.finished_at IS NULL, length(old.body), 0),
            finished = finished - (old.finished_at IS NOT NULL)
            WHERE integration_id = old.integration_id;
    END;

    CREATE TRIGGER incidents_added AFTER INSERT ON incidents BEGIN
        INSERT INTO holders (integration_id, tenant, kept, kept_bytes)
            VALUES (new.integration_id, new.integration_id, 1,
                length(new.incident) + coalesce(length(new.diagnosis), 0))
            ON CONFLICT (integration_id) DO UPDATE SET kept = kept + 1, kept_bytes = kept_bytes + excluded.kept_bytes;
    END;
    CREATE TRIGGER incidents_changed AFTER UPDATE OF incident, diagnosis ON incidents BEGIN
        UPDATE holders SET kept_bytes = kept_bytes
            + length(new.incident) + coalesce(length(new.diagnosis), 0)
            - length(old.incident) - coalesce(length(old.diagnosis), 0)
            WHERE integration_id = new.integration_id;
    END;
    CREATE TRIGGER incidents_gone AFTER DELETE ON incidents BEGIN
        UPDATE holders SET kept = kept - 1,
            kept_bytes = kept_bytes - length(old.incident) - coalesce(length(old.diagnosis), 0)
            WHERE integration_id = old.integration_id;
    END;
    CREATE TRIGGER notes_added AFTER INSERT ON notes BEGIN
        INSERT INTO holders (integration_id, tenant, kept, kept_bytes)
            VALUES (new.integration_id, new.integration_id, 1, length(new.note))
            ON CONFLICT (integration_id) DO UPDATE SET kept = kept + 1, kept_bytes = kept_bytes + excluded.kept_bytes;
    END;
    CREATE TRIGGER notes_changed AFTER UPDATE OF integration_id, note ON notes BEGIN
        UPDATE holders SET kept = kept - 1, kept_bytes = kept_bytes - length(old.note)
            WHERE integration_id = old.integration_id;
        INSERT INTO holders (integration_id, tenant, kept, kept_bytes)
            VALUES (new.integration_id, new.integration_id, 1, length(new.note))
            ON CONFLICT (integration_id) DO UPDATE SET kept = kept + 1, kept_bytes = kept_bytes + excluded.kept_bytes;
    END;
    CREATE TRIGGER notes_gone AFTER DELETE ON notes BEGIN
        UPDATE holders SET kept = kept - 1, kept_bytes = kept_bytes - length(old.note)
            WHERE integration_id = old.integration_id;
    END;
    CREATE TRIGGER facts_added AFTER INSERT ON facts BEGIN
        INSERT INTO holders (integration_id, tenant, kept, kept_bytes)
            VALUES (new.id, new.id, 1, coalesce(length(new.last_failure_reason), 0))
            ON CONFLICT (integration_id) DO UPDATE SET kept = kept + 1, kept_bytes = kept_bytes + excluded.kept_bytes;
    END;
    CREATE TRIGGER facts_changed AFTER UPDATE OF last_failure_reason ON facts
            WHEN coalesce(length(old.last_failure_reason), 0) <> coalesce(length(new.last_failure_reason), 0) BEGIN
        UPDATE holders SET kept_bytes = kept_bytes
            + coalesce(length(new.last_failure_reason), 0) - coalesce(length(old.last_failure_reason), 0)
            WHERE integration_id = new.id;
    END;
    CREATE TRIGGER facts_gone AFTER DELETE ON facts BEGIN
        UPDATE holders SET kept = kept - 1, kept_bytes = kept_bytes - coalesce(length(old.last_failure_reason), 0)
            WHERE integration_id = old.id;
    END;
"""
"""Reads the sizes of what is there, not its contents, except of notes whose owner was not told yet.

Whose namespace an integration is in is no fact of the store: until it is told it counts as one by itself. `holders` are
counted up and down by the rows' triggers and `holdings`, what namespaces keep, by those of `holders`: whoever writes a
row, and whatever crashes, the numbers are those of the rows.

A subject that no event is about is marked with the time of its last one (`unused_at`), and weighs with its row and its
place in the index of names. One that is used again stays marked until it would go.

The indexes of subjects are partial: what is posted, which may be much and made up, weighs in one of them only. They are
quick to make: a release has no subjects, the step to version 2 gave them to 50,000 events and to changes.
"""
