ALTER TABLE ledger__entries ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody';
UPDATE ledger__entries SET author = 'founder' WHERE tick = 0;
