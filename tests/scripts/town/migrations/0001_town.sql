CREATE TABLE town__ledger (
    tick INTEGER NOT NULL,
    person INTEGER NOT NULL,
    place INTEGER NOT NULL,
    gold REAL NOT NULL,
    ware TEXT NOT NULL,
    PRIMARY KEY (tick, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX town__by_place ON town__ledger (place);
