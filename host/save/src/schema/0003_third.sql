-- The third format: changes of a world by hand, and requests that count once.

-- Edits that were sent and that no tick has taken.
CREATE TABLE st_edit_inbox (
    id INTEGER PRIMARY KEY,
    sender TEXT NOT NULL,
    edit TEXT NOT NULL, -- JSON
    sent_at INTEGER NOT NULL
) STRICT;

-- Edits that ticks were given.
CREATE TABLE st_edits (
    tick INTEGER NOT NULL,
    number INTEGER NOT NULL,
    sender TEXT NOT NULL,
    edit TEXT NOT NULL, -- JSON
    spawned TEXT NOT NULL, -- entities, as a JSON array of 12v3
    refused TEXT, -- why nothing of it was done, if nothing was
    PRIMARY KEY (tick, number)
) STRICT, WITHOUT ROWID;

-- Requests with a key, by which they count once.
CREATE TABLE st_requests (
    number INTEGER PRIMARY KEY,
    sender TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL, -- of what was asked
    sent_at INTEGER NOT NULL,
    tick INTEGER, -- that was given it; nothing while it waits
    first_input INTEGER NOT NULL, -- its inputs and edits among those of the tick
    inputs INTEGER NOT NULL,
    first_edit INTEGER NOT NULL,
    edits INTEGER NOT NULL,
    UNIQUE (sender, key)
) STRICT;

-- Of what waits, what was sent at once.
CREATE TABLE st_inbox_requests (
    part INTEGER NOT NULL, -- 0 an input, 1 an edit
    id INTEGER NOT NULL, -- its row in the inbox
    request INTEGER NOT NULL, -- the same for all that was sent at once
    number INTEGER, -- in st_requests, if it has a key
    PRIMARY KEY (part, id)
) STRICT, WITHOUT ROWID;
