CREATE UNIQUE INDEX ledger__once ON ledger__entries (what);
