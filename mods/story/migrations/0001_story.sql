-- What was told. Names of people, places and items are those of the events; no row
-- knows a tick, an entity or in which order events came, so that the same events make
-- the same rows. `(time, seq, event)` is the order of the story.

CREATE TABLE story__events (
    id TEXT PRIMARY KEY,
    time TEXT NOT NULL,      -- 1815, 1815-10, 1815-10-16, 1815-10-16T06:00
    seq INTEGER NOT NULL,
    action TEXT NOT NULL,
    place TEXT,
    text TEXT NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL     -- of all that was told of it
) STRICT, WITHOUT ROWID;
CREATE INDEX story__events_by_time ON story__events (time, seq, id);

-- Who took part, as what.
CREATE TABLE story__parts (
    who TEXT NOT NULL,
    time TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    role TEXT NOT NULL,
    place TEXT,              -- where, if they were there
    is_there INTEGER NOT NULL,
    PRIMARY KEY (who, time, seq, event, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX story__parts_by_event ON story__parts (event);

-- How feelings changed, in thousandths.
CREATE TABLE story__valence (
    who TEXT NOT NULL,
    whom TEXT NOT NULL,
    time TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    trust INTEGER NOT NULL,
    affection INTEGER NOT NULL,
    respect INTEGER NOT NULL,
    fear INTEGER NOT NULL,
    PRIMARY KEY (who, whom, time, seq, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX story__valence_by_time ON story__valence (time);

-- From whom items went to whom. Where there is no taker, the item lies at the place.
CREATE TABLE story__moves (
    item TEXT NOT NULL,
    time TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    giver TEXT,
    taker TEXT,
    place TEXT,
    PRIMARY KEY (item, time, seq, event)
) STRICT, WITHOUT ROWID;

-- Who died, or was found to live.
CREATE TABLE story__lives (
    who TEXT NOT NULL,
    time TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    is_alive INTEGER NOT NULL,
    PRIMARY KEY (who, time, seq, event)
) STRICT, WITHOUT ROWID;

-- What people, places and items are called.
CREATE TABLE story__names (
    kind TEXT NOT NULL,      -- person, place, item
    subject TEXT NOT NULL,
    time TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, subject, time, seq, event)
) STRICT, WITHOUT ROWID;

-- What has to be derived anew, because something about it was told since.
CREATE TABLE story__pending (
    kind INTEGER NOT NULL,   -- 0 a place, 1 a person, 2 an item, 3 what one feels for another
    subject TEXT NOT NULL,
    other TEXT NOT NULL,     -- for whom; else empty
    PRIMARY KEY (kind, subject, other)
) STRICT, WITHOUT ROWID;

-- Up to where the story is told (`record`), and up to where derived (`derive`): how
-- many events, and the last of them.
CREATE TABLE story__checkpoints (
    name TEXT PRIMARY KEY,
    events INTEGER NOT NULL,
    time TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What cannot all be true.
CREATE TABLE story__contradictions (
    what TEXT NOT NULL,      -- the dead act, in two places, gives what is not held
    subject TEXT NOT NULL,
    event TEXT NOT NULL,
    other TEXT NOT NULL,     -- the event that it contradicts
    PRIMARY KEY (what, subject, event, other)
) STRICT, WITHOUT ROWID;
