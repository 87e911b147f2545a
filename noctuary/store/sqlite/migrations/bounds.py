"""The migration that counts what each tenant and integration keeps, so that it can be bounded."""

STATEMENTS = """
    CREATE TABLE owners (
        owner_id INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        source TEXT NOT NULL,
        events INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        UNIQUE (tenant, source)
    );
    CREATE TABLE expiries (
        owner_id INTEGER NOT NULL,
        expires_at REAL NOT NULL,
        row_id INTEGER NOT NULL,
        PRIMARY KEY (owner_id, expires_at, row_id)
    ) WITHOUT ROWID;
    CREATE TABLE uncounted (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        after_row INTEGER NOT NULL,
        to_row INTEGER NOT NULL
    );
    INSERT INTO uncounted SELECT 1, min(row_id) - 1, max(row_id) FROM events HAVING max(row_id) IS NOT NULL;
    DROP INDEX events_expiry;
    DROP TRIGGER events_gone;

    CREATE TABLE tenants (tenant TEXT PRIMARY KEY, services INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO tenants SELECT tenant, count(*) FROM services WHERE service_name <> '' GROUP BY tenant;

    CREATE TABLE names (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
    INSERT INTO names VALUES (1, random());
    CREATE TRIGGER subjects_gone AFTER DELETE ON subjects BEGIN
        UPDATE names SET number = random();
    END;
    CREATE TRIGGER services_gone AFTER DELETE ON services BEGIN
        UPDATE names SET number = random();
    END;

    CREATE TABLE inbox_usage (
        integration_id TEXT PRIMARY KEY,
        waiting INTEGER NOT NULL,
        waiting_bytes INTEGER NOT NULL,
        finished INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO inbox_usage SELECT integration_id, sum(finished_at IS NULL),
        sum(iif(finished_at IS NULL, length(body), 0)), sum(finished_at IS NOT NULL) FROM inbox GROUP BY integration_id;
    CREATE TRIGGER inbox_added AFTER INSERT ON inbox BEGIN
        INSERT INTO inbox_usage VALUES (new.integration_id, 1, length(new.body), 0)
            ON CONFLICT (integration_id) DO UPDATE
            SET waiting = waiting + 1, waiting_bytes = waiting_bytes + excluded.waiting_bytes;
    END;
    CREATE TRIGGER inbox_done AFTER UPDATE OF finished_at ON inbox
            WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL BEGIN
        UPDATE inbox_usage SET waiting = waiting - 1, waiting_bytes = waiting_bytes - length(old.body),
            finished = finished + 1 WHERE integration_id = old.integration_id;
    END;
    CREATE TRIGGER inbox_gone AFTER DELETE ON inbox BEGIN
        UPDATE inbox_usage SET
            waiting = waiting - (old.finished_at IS NULL),
            waiting_bytes = waiting_bytes - iif(old.finished_at IS NULL, length(old.body), 0),
            finished = finished - (old.finished_at IS NOT NULL)
            WHERE integration_id = old.integration_id;
    END;

    CREATE TABLE damaged (
        id INTEGER PRIMARY KEY,
        found_at REAL NOT NULL,
        from_table TEXT NOT NULL,
        key TEXT NOT NULL,
        content BLOB
    );
"""
"""Quick on any size of file: the events that are there are counted later, a few at a time (`uncounted`).

Deleting an event deletes what stands beside it by statements for many rows at once, so its trigger goes. Rows of the
inbox are few beside events, and several modules write them: there triggers keep the counts. Names are deleted now and
then only: a trigger tells the writer that what it remembers of them holds no more.
"""
