-- Statements that a mod `economy` may not make, one a line. Its own table is
-- economy__ledger; history__wars is another mod's, st_… are the host's.

-- Reading what is others'.
SELECT * FROM history__wars
SELECT name FROM main.history__wars
SELECT name FROM "history__wars"
SELECT name FROM [history__wars]
SELECT name FROM `history__wars`
SELECT name FROM HISTORY__WARS
SELECT count(*) FROM history__wars
SELECT 1 FROM history__wars
SELECT EXISTS (SELECT 1 FROM history__wars)
SELECT (SELECT max(name) FROM history__wars)
SELECT * FROM economy__ledger JOIN history__wars
SELECT * FROM economy__ledger LEFT JOIN history__wars ON name = seller
SELECT seller FROM economy__ledger UNION SELECT name FROM history__wars
SELECT seller FROM economy__ledger EXCEPT SELECT name FROM history__wars
SELECT seller FROM economy__ledger WHERE seller IN history__wars
SELECT seller FROM economy__ledger WHERE seller IN (SELECT name FROM history__wars)
WITH stolen AS (SELECT * FROM history__wars) SELECT * FROM stolen
WITH economy__x AS (SELECT * FROM history__wars) SELECT * FROM economy__x
WITH RECURSIVE n(x) AS (SELECT name FROM history__wars UNION SELECT x FROM n) SELECT * FROM n
WITH st_follow_INSERT_economy__ledger AS (SELECT * FROM history__wars) SELECT * FROM st_follow_INSERT_economy__ledger
WITH st_follow_x AS (SELECT st_row(1, 'history__wars', 'forged')) SELECT * FROM st_follow_x
SELECT * FROM (SELECT * FROM (SELECT name FROM history__wars))
SELECT h.name FROM economy__ledger AS e, history__wars AS h
SELECT max(name) OVER () FROM history__wars
SELECT * FROM economy__ledger ORDER BY (SELECT count(*) FROM history__wars)
SELECT count(*) FROM economy__ledger GROUP BY (SELECT name FROM history__wars LIMIT 1)
SELECT * FROM economy__ledger LIMIT (SELECT count(*) FROM history__wars)
SELECT CASE WHEN EXISTS (SELECT * FROM history__wars) THEN 1 END
/* x */ SELECT /* y */ name FROM /* z */ history__wars
SELECT * FROM history__wars -- economy__ledger
SELECT * FROM history__wars INDEXED BY economy__by_gold
SELECT rowid FROM history__wars
VALUES ((SELECT name FROM history__wars))

-- Reading what is the host's.
SELECT * FROM st_settings
SELECT count(*) FROM st_settings
SELECT * FROM st_ticks
SELECT count(*) FROM st_ticks
SELECT * FROM St_Ticks
SELECT data FROM st_blobs
SELECT * FROM st_migrations
SELECT * FROM st_mods
SELECT * FROM main.st_world
SELECT * FROM sqlite_schema
SELECT count(*) FROM sqlite_schema
SELECT sql FROM sqlite_master
SELECT * FROM sqlite_temp_schema
SELECT * FROM temp.sqlite_schema
SELECT * FROM sqlite_temp_master
SELECT * FROM sqlite_sequence
SELECT * FROM sqlite_stat1
SELECT * FROM main.sqlite_schema, economy__ledger
WITH s AS (SELECT sql FROM sqlite_schema) SELECT * FROM s

-- Tables that are functions.
SELECT * FROM pragma_table_info('history__wars')
SELECT count(*) FROM pragma_table_info('history__wars')
SELECT * FROM pragma_database_list
SELECT * FROM pragma_table_list
SELECT * FROM pragma_function_list
SELECT * FROM pragma_module_list
SELECT * FROM pragma_page_count
SELECT * FROM pragma_quick_check
SELECT * FROM pragma_integrity_check
SELECT * FROM pragma_user_version
SELECT * FROM dbstat
SELECT count(*) FROM dbstat
SELECT * FROM generate_series(1, 9)
SELECT * FROM sqlite_dbpage
SELECT * FROM sqlite_stmt
SELECT * FROM bytecode('SELECT 1')
SELECT * FROM fts5vocab

-- Writing what is others' or the host's.
INSERT INTO history__wars VALUES ('x')
INSERT OR REPLACE INTO history__wars VALUES ('x')
INSERT INTO history__wars SELECT seller FROM economy__ledger
INSERT INTO main.history__wars DEFAULT VALUES
REPLACE INTO history__wars VALUES ('first')
UPDATE history__wars SET name = 'x'
UPDATE OR IGNORE history__wars SET name = 'x'
DELETE FROM history__wars
DELETE FROM "history__wars" WHERE name = 'first'
WITH x AS (SELECT 1) DELETE FROM history__wars
WITH x AS (SELECT 1) INSERT INTO history__wars SELECT 'x' FROM x
INSERT INTO economy__ledger SELECT 1, name, 1, NULL FROM history__wars
INSERT INTO economy__ledger VALUES (1, (SELECT name FROM history__wars), 1, NULL)
UPDATE economy__ledger SET seller = (SELECT name FROM history__wars)
UPDATE economy__ledger SET seller = name FROM history__wars
DELETE FROM economy__ledger WHERE seller IN (SELECT name FROM history__wars)
DELETE FROM economy__ledger WHERE (SELECT count(*) FROM st_ticks) > 0
INSERT INTO economy__ledger VALUES (1, 'a', 1, NULL) ON CONFLICT DO UPDATE SET seller = (SELECT name FROM history__wars)
INSERT INTO st_migrations VALUES ('economy', '0009_x', x'00', 0)
INSERT INTO st_inbox DEFAULT VALUES
UPDATE st_settings SET config = '{}'
UPDATE st_world SET tick = 99
DELETE FROM st_ticks
DELETE FROM st_blobs
INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, '')
UPDATE sqlite_schema SET sql = ''
DELETE FROM sqlite_master
INSERT INTO sqlite_sequence VALUES ('x', 1)
INSERT INTO temp.economy__x VALUES (1)

-- Changing the schema.
CREATE TABLE economy__x (a INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID
CREATE TABLE IF NOT EXISTS economy__ledger (a)
CREATE TABLE x (a)
CREATE TABLE economy__x AS SELECT * FROM economy__ledger
CREATE TEMP TABLE economy__x (a)
CREATE TEMPORARY TABLE x AS SELECT 1
CREATE INDEX economy__x ON economy__ledger (tick)
CREATE UNIQUE INDEX economy__x ON history__wars (name)
CREATE VIEW economy__x AS SELECT * FROM history__wars
CREATE TEMP VIEW x AS SELECT * FROM history__wars
CREATE TRIGGER economy__x AFTER INSERT ON economy__ledger BEGIN DELETE FROM history__wars; END
CREATE TRIGGER economy__x AFTER INSERT ON history__wars BEGIN DELETE FROM economy__ledger; END
CREATE TEMP TRIGGER x AFTER INSERT ON main.history__wars BEGIN SELECT 1; END
CREATE TEMP TRIGGER x AFTER UPDATE ON main.st_world BEGIN SELECT 1; END
CREATE VIRTUAL TABLE economy__x USING fts5(a)
CREATE VIRTUAL TABLE temp.x USING rtree(a, b, c)
ALTER TABLE economy__ledger RENAME TO economy__x
ALTER TABLE economy__ledger RENAME TO history__x
ALTER TABLE economy__ledger ADD COLUMN x
ALTER TABLE economy__ledger DROP COLUMN note
ALTER TABLE history__wars RENAME TO economy__wars
ALTER TABLE history__wars RENAME COLUMN name TO x
DROP TABLE economy__ledger
DROP TABLE history__wars
DROP TABLE IF EXISTS st_ticks
DROP INDEX economy__by_gold
DROP TRIGGER temp.st_follow_INSERT_economy__ledger
DROP TRIGGER IF EXISTS st_follow_UPDATE_economy__ledger
DROP VIEW IF EXISTS ticks
REINDEX
REINDEX economy__ledger
ANALYZE
ANALYZE economy__ledger

-- The transaction.
BEGIN
BEGIN IMMEDIATE
COMMIT
END
ROLLBACK
ROLLBACK TO st_tick
SAVEPOINT x
SAVEPOINT st_run
RELEASE st_run
RELEASE st_tick
INSERT OR ROLLBACK INTO economy__ledger VALUES (1, 'a', 1, NULL)
INSERT OR rollback INTO economy__ledger VALUES (1, 'a', 1, NULL)
UPDATE OR ROLLBACK economy__ledger SET tick = 1
INSERT INTO economy__ledger VALUES (1, 'a', 1, NULL) ON CONFLICT ROLLBACK
SELECT RAISE(ROLLBACK, 'x')
SELECT RAISE(ABORT, 'x')
SELECT RAISE(IGNORE)

-- The connection and the machine.
PRAGMA user_version
PRAGMA user_version = 9
PRAGMA writable_schema = on
PRAGMA journal_mode = OFF
PRAGMA synchronous = OFF
PRAGMA foreign_keys = on
PRAGMA recursive_triggers = off
PRAGMA query_only = on
PRAGMA table_info(history__wars)
PRAGMA wal_checkpoint
PRAGMA temp_store_directory = '/'
PRAGMA reverse_unordered_selects = on
PRAGMA case_sensitive_like = on
PRAGMA main.cache_size = 1
PRAGMA trusted_schema = on
ATTACH ':memory:' AS other
ATTACH DATABASE 'other.db' AS other
DETACH main
DETACH DATABASE temp
VACUUM
VACUUM INTO 'copy.db'
EXPLAIN SELECT 1
EXPLAIN QUERY PLAN SELECT * FROM economy__ledger
EXPLAIN DELETE FROM economy__ledger
SELECT 1; SELECT 2
DELETE FROM economy__ledger; DELETE FROM history__wars
SELECT 1; DROP TABLE history__wars

-- Functions that differ between machines, moments or others' doings.
SELECT random()
SELECT randomblob(8)
SELECT hex(randomblob(8)) FROM economy__ledger
SELECT date()
SELECT datetime('now')
SELECT time('now')
SELECT julianday('now')
SELECT strftime('%s', 'now')
SELECT unixepoch()
SELECT timediff('now', '2000-01-01')
SELECT CURRENT_TIMESTAMP
SELECT CURRENT_DATE
SELECT CURRENT_TIME
INSERT INTO economy__ledger VALUES (unixepoch(), 'a', 1, NULL)
UPDATE economy__ledger SET gold = random()
DELETE FROM economy__ledger WHERE random() > 0
SELECT last_insert_rowid()
SELECT changes()
SELECT total_changes()
SELECT sqlite_version()
SELECT sqlite_source_id()
SELECT sqlite_compileoption_get(0)
SELECT sqlite_compileoption_used('x')
SELECT sqlite_offset(tick) FROM economy__ledger
SELECT sqlite_log(1, 'x')
SELECT load_extension('x')
SELECT readfile('/etc/passwd')
SELECT writefile('x', 'y')
SELECT fts3_tokenizer('simple')
SELECT fts5_source_id()
SELECT rtreecheck('x')
SELECT st_row(1, 'history__wars', 'forged')
SELECT st_row(1, 'economy__ledger', 1, 'a', 1.0, NULL)
SELECT subtype('x')
SELECT eval('SELECT 1')

-- What a change returns is read like anything else.
INSERT INTO economy__ledger VALUES (3, 'a', 1, NULL) RETURNING (SELECT name FROM history__wars)
INSERT INTO economy__ledger VALUES (3, 'a', 1, NULL) RETURNING (SELECT sql FROM sqlite_schema)
INSERT INTO economy__ledger VALUES (3, 'a', 1, NULL) RETURNING (SELECT count(*) FROM st_ticks)
INSERT INTO economy__ledger VALUES (3, 'a', 1, NULL) RETURNING random()
INSERT INTO economy__ledger VALUES (3, 'a', 1, NULL) RETURNING last_insert_rowid()
INSERT INTO economy__ledger VALUES (3, 'a', 1, NULL) RETURNING st_row(1, 'history__wars', 'forged')
UPDATE economy__ledger SET gold = 1 RETURNING (SELECT max(name) FROM history__wars)
DELETE FROM economy__ledger RETURNING changes()
DELETE FROM history__wars RETURNING name
INSERT INTO history__wars VALUES ('third') RETURNING *

-- The parameters of other statements.
SELECT * FROM st_given
SELECT count(*) FROM ST_GIVEN
SELECT p1 FROM main.st_given
INSERT INTO economy__ledger SELECT p1, p2, p3, NULL FROM st_given WHERE true
DELETE FROM economy__ledger WHERE tick IN (SELECT p1 FROM st_given)
SELECT p1 FROM economy__ledger, st_given
