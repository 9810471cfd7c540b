-- What the host knows of users. Times are seconds since 1970.

-- What stands for users in logs is made with this key.
CREATE TABLE secret (
    number INTEGER PRIMARY KEY CHECK (number = 0),
    key BLOB NOT NULL
) STRICT;

-- Tokens, without their secrets: of those there is a digest.
CREATE TABLE token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    user TEXT,
    -- A JSON array of texts.
    grants TEXT NOT NULL,
    digest BLOB NOT NULL,
    -- The token by which it was made; none on the command line.
    made_by TEXT REFERENCES token (id),
    made_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- What was done and what was refused, each row with a hash of itself and the one before.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    token TEXT NOT NULL,
    operation TEXT NOT NULL,
    world TEXT,
    tick INTEGER,
    outcome TEXT NOT NULL,
    digest BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_altered BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is appended to and not altered'); END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is appended to and not shortened'); END;
