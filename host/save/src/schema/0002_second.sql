-- The second format: what the first has no room for, in tables of its own. A
-- reader of a save in the first format takes all of them for empty.

-- Mods that are to take part again, and that no tick has taken.
CREATE TABLE st_resume_inbox (
    id INTEGER PRIMARY KEY,
    mod TEXT NOT NULL,
    sender TEXT NOT NULL,
    sent_at INTEGER NOT NULL
) STRICT;

-- Mods that took part again from a tick on.
CREATE TABLE st_resumes (
    tick INTEGER NOT NULL,
    number INTEGER NOT NULL,
    mod TEXT NOT NULL,
    sender TEXT NOT NULL,
    PRIMARY KEY (tick, number)
) STRICT, WITHOUT ROWID;

-- Lines that mods logged, oldest first; part of no hash.
CREATE TABLE st_logs (
    id INTEGER PRIMARY KEY,
    tick INTEGER NOT NULL,
    system TEXT NOT NULL,
    level TEXT NOT NULL, -- error, warn, info, debug
    text TEXT NOT NULL
) STRICT;

-- Up to where everybody had read a topic when a set of mods declared its kind
-- anew. What came after that has the form of the new declaration.
CREATE TABLE st_recasts (
    mod_set INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    PRIMARY KEY (mod_set, topic)
) STRICT, WITHOUT ROWID;

-- What the tables of mods hold after the last commit, as the state hash has it.
CREATE TABLE st_tables (
    name TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sum BLOB NOT NULL -- four numbers of eight bytes
) STRICT, WITHOUT ROWID;

-- Events and inputs that a system will never read, kept for ever.
CREATE TABLE st_set_aside (
    tick INTEGER NOT NULL, -- in which it turned out
    place INTEGER NOT NULL,
    system TEXT NOT NULL, -- nothing where there was nobody to read an input
    topic INTEGER NOT NULL,
    number INTEGER NOT NULL,
    emitted INTEGER NOT NULL, -- the tick that emitted it, or whose input it is
    input INTEGER, -- its number in st_inputs, as far as the log still knew
    sender TEXT, -- likewise
    payload TEXT NOT NULL, -- JSON, by its kind as it was declared then
    cause TEXT, -- the system's last fault, likewise
    PRIMARY KEY (tick, place)
) STRICT, WITHOUT ROWID;

-- With which system the tick of an exclusion could not be done.
CREATE TABLE st_halts (
    tick INTEGER NOT NULL,
    mod TEXT NOT NULL,
    system TEXT NOT NULL,
    PRIMARY KEY (tick, mod)
) STRICT, WITHOUT ROWID;
