-- What each nation sold to each other in a quarter.
CREATE TABLE economy__trades (
    tick INTEGER NOT NULL,   -- the last day of the quarter
    seller TEXT NOT NULL,    -- ISO 3166-1 alpha-2
    buyer TEXT NOT NULL,
    usd REAL NOT NULL,       -- in the quarter
    PRIMARY KEY (tick, seller, buyer)
) STRICT, WITHOUT ROWID;
