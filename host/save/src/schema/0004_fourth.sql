-- The fourth format: which world it is, what leaves the save in order, and which calls
-- workers made.

-- By which name a world is known outside; part of no hash. A branch has another.
CREATE TABLE st_identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    world BLOB NOT NULL -- 16 random bytes
) STRICT;

-- What leaves the save, in order. The last row stays for ever: the next one goes on
-- from it.
CREATE TABLE st_outbox (
    seq INTEGER PRIMARY KEY,
    tick INTEGER NOT NULL,
    kind TEXT NOT NULL,
    entity INTEGER, -- which it is about, if it is about one
    format INTEGER NOT NULL, -- of the payload: 0 JSON, 1 MessagePack
    payload BLOB NOT NULL,
    chain BLOB NOT NULL -- digest of the chain before it and of this row
) STRICT;

-- Up to which row a relay has seen a stream acknowledge them: a hint, for the stream
-- itself is asked.
CREATE TABLE st_relayed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    stream INTEGER NOT NULL -- the number that the stream gave it
) STRICT;

-- Calls that workers made, by system, over all ticks, also those that were taken back.
CREATE TABLE st_lent (
    system TEXT PRIMARY KEY,
    calls INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
