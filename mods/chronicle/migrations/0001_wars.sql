-- Nations are named by ISO 3166-1 alpha-2, days by their tick.
CREATE TABLE chronicle__wars (
    began INTEGER NOT NULL,
    attacker TEXT NOT NULL,
    defender TEXT NOT NULL,
    ended INTEGER,           -- NULL: it goes on
    winner TEXT,
    PRIMARY KEY (began, attacker, defender)
) STRICT, WITHOUT ROWID;

CREATE TABLE chronicle__treaties (
    signed INTEGER NOT NULL,
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    ended INTEGER,           -- NULL: it stands
    PRIMARY KEY (signed, a, b)
) STRICT, WITHOUT ROWID;
