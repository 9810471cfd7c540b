CREATE TABLE ledger__entries (
    tick INTEGER NOT NULL,
    place INTEGER NOT NULL,
    what TEXT NOT NULL,
    PRIMARY KEY (tick, place)
) STRICT, WITHOUT ROWID;

INSERT INTO ledger__entries VALUES (0, 0, 'opened');
