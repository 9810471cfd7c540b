-- The first format. Released migrations are never edited.
--
-- Numbers that are u64 in the host are stored by their bits. An entity is its
-- index and generation; a topic is its form (0 event or input, 1 removal,
-- 2 despawn) above its kind.

-- The one row that every commit replaces.
CREATE TABLE st_world (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    tick INTEGER NOT NULL,
    first_free INTEGER NOT NULL,
    committed_at INTEGER NOT NULL, -- milliseconds since 1970; part of no hash
    state BLOB NOT NULL,
    chain BLOB NOT NULL,
    seal BLOB NOT NULL -- digest of this row, the settings, the kinds, the mods
) STRICT;

-- The last row is how the world runs now.
CREATE TABLE st_settings (
    number INTEGER PRIMARY KEY,
    since INTEGER NOT NULL, -- the tick after which it is so
    config TEXT NOT NULL -- JSON
) STRICT;

CREATE TABLE st_kinds (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    storage TEXT NOT NULL,
    size INTEGER NOT NULL,
    on_despawn TEXT NOT NULL
) STRICT;

CREATE TABLE st_fields (
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    start INTEGER NOT NULL,
    PRIMARY KEY (kind, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_archetypes (
    id INTEGER PRIMARY KEY,
    kinds BLOB NOT NULL, -- four bytes each, ascending
    tracked BLOB NOT NULL -- a byte for each kind: 1 keeps changed stamps, 2 added
) STRICT;

-- Pages of slots (part 0), of entities (1), of values (2), of changed stamps (3)
-- and of added stamps (4). What does not apply is zero.
CREATE TABLE st_chunks (
    id INTEGER PRIMARY KEY,
    part INTEGER NOT NULL,
    archetype INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    page INTEGER NOT NULL,
    since INTEGER NOT NULL, -- patches up to this one are in it
    data BLOB NOT NULL,
    UNIQUE (part, archetype, kind, page)
) STRICT;

-- Rows of chunks that changed since those were written whole.
CREATE TABLE st_patches (
    seq INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

CREATE TABLE st_resources (
    kind INTEGER PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE st_relations (
    kind INTEGER NOT NULL,
    source INTEGER NOT NULL,
    target INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (kind, source, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_topics (
    topic INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    passed INTEGER NOT NULL -- everybody has read events up to this number
) STRICT;

CREATE TABLE st_events (
    tick INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    number INTEGER NOT NULL,
    system TEXT NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (tick, topic, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_systems (
    name TEXT PRIMARY KEY,
    last_run INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE st_cursors (
    system TEXT NOT NULL,
    topic INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (system, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_mod_states (
    id TEXT PRIMARY KEY,
    faults_in_a_row INTEGER NOT NULL,
    suspended INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Inputs that were sent and that no tick has taken.
CREATE TABLE st_inbox (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    sender TEXT NOT NULL,
    payload BLOB NOT NULL,
    sent_at INTEGER NOT NULL
) STRICT;

CREATE TABLE st_inputs (
    tick INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    sender TEXT NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (tick, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_ticks (
    tick INTEGER PRIMARY KEY,
    spawned INTEGER NOT NULL,
    despawned INTEGER NOT NULL,
    entities INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    state BLOB NOT NULL,
    chain BLOB NOT NULL
) STRICT;

CREATE TABLE st_runs (
    tick INTEGER NOT NULL,
    place INTEGER NOT NULL,
    system TEXT NOT NULL,
    calls INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    commands INTEGER NOT NULL,
    stale INTEGER NOT NULL,
    events INTEGER NOT NULL,
    guest_ns INTEGER NOT NULL,
    PRIMARY KEY (tick, place)
) STRICT, WITHOUT ROWID;

-- Runs of all ticks, summed.
CREATE TABLE st_totals (
    system TEXT PRIMARY KEY,
    runs INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    commands INTEGER NOT NULL,
    stale INTEGER NOT NULL,
    events INTEGER NOT NULL,
    guest_ns INTEGER NOT NULL,
    faults INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE st_faults (
    tick INTEGER NOT NULL,
    place INTEGER NOT NULL,
    system TEXT NOT NULL,
    cause TEXT NOT NULL,
    PRIMARY KEY (tick, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_exclusions (
    tick INTEGER NOT NULL,
    mod TEXT NOT NULL,
    cause TEXT NOT NULL,
    PRIMARY KEY (tick, mod)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_suspensions (
    tick INTEGER NOT NULL,
    mod TEXT NOT NULL,
    PRIMARY KEY (tick, mod)
) STRICT, WITHOUT ROWID;

-- Components and assets, once for each digest.
CREATE TABLE st_blobs (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE, -- BLAKE3 of the unpacked bytes
    bytes INTEGER NOT NULL, -- unpacked
    data BLOB -- zstd; nothing in a slim save
) STRICT;

-- Each row is a set of mods that ran from the tick after `since` on.
CREATE TABLE st_mod_sets (
    number INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    cause TEXT NOT NULL -- how it came to be
) STRICT;

-- Conversions that were made, or that there was nothing for.
CREATE TABLE st_conversions (
    mod TEXT NOT NULL,
    name TEXT NOT NULL,
    tick INTEGER NOT NULL,
    PRIMARY KEY (mod, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_mods (
    mod_set INTEGER NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    component BLOB NOT NULL,
    manifest TEXT, -- mod.toml as JSON, if there is one
    source TEXT NOT NULL, -- where it came from, for people
    declaration TEXT NOT NULL, -- what it declared, as JSON
    PRIMARY KEY (mod_set, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE st_assets (
    mod_set INTEGER NOT NULL,
    mod TEXT NOT NULL,
    name TEXT NOT NULL,
    blob BLOB NOT NULL,
    PRIMARY KEY (mod_set, mod, name)
) STRICT, WITHOUT ROWID;

-- Migrations of the tables of mods that ran.
CREATE TABLE st_migrations (
    mod TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL, -- BLAKE3 of its SQL
    tick INTEGER NOT NULL, -- after which it ran
    PRIMARY KEY (mod, name)
) STRICT, WITHOUT ROWID;

-- What each tick changed, in frames: an id is the tick above 16 bits for the
-- frame, of which zero is the head.
CREATE TABLE st_deltas (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL -- zstd
) STRICT;

-- Whole worlds, from which deltas go on.
CREATE TABLE st_keyframes (
    number INTEGER PRIMARY KEY,
    tick INTEGER NOT NULL,
    adopted INTEGER NOT NULL, -- 0 as the tick left it, 1 as other mods took it over
    total INTEGER NOT NULL, -- bytes of deltas ever written before it
    bytes INTEGER NOT NULL -- of its own frames
) STRICT;

-- An id is the number of the keyframe above 16 bits for the frame.
CREATE TABLE st_keyframe_frames (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL -- zstd
) STRICT;

-- All tables of mods as a tick left them, where they cannot be had by undoing
-- later changes.
CREATE TABLE st_table_copies (
    tick INTEGER PRIMARY KEY,
    data BLOB NOT NULL -- zstd
) STRICT;

-- Ticks with a name. They can be gone back to for as long as they are here.
CREATE TABLE st_snapshots (
    name TEXT PRIMARY KEY,
    tick INTEGER NOT NULL,
    note TEXT NOT NULL,
    made_at INTEGER NOT NULL, -- milliseconds since 1970
    automatic INTEGER NOT NULL, -- 1 where nobody asked for it
    keyframe INTEGER -- its own, once history does not reach back to it
) STRICT, WITHOUT ROWID;
