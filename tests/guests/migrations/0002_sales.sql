CREATE TABLE clerk__sales (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    value REAL NOT NULL,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX clerk__by_place ON clerk__sales (place);
