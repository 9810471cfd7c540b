CREATE TABLE values__kept (
    place INTEGER PRIMARY KEY,
    word TEXT,
    code TEXT COLLATE NOCASE,
    number REAL,
    whole INTEGER,
    loose ANY
) STRICT, WITHOUT ROWID;
CREATE INDEX values__by_code ON values__kept (code);
