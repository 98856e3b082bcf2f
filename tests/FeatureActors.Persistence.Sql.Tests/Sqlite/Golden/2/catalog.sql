-- catalog.db with the versions that gave numbers and where versions begin. Never changed.
CREATE TABLE definitions (
    namespace TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL, applied_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, version)) WITHOUT ROWID;
CREATE TABLE features (
    namespace TEXT NOT NULL, entity TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL,
    since INTEGER NOT NULL, windows TEXT NOT NULL, live INTEGER NOT NULL, since_version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, entity, number)) WITHOUT ROWID;
CREATE TABLE columns (
    namespace TEXT NOT NULL, entity TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL,
    since INTEGER NOT NULL, windows TEXT NOT NULL, live INTEGER NOT NULL, since_version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, entity, number)) WITHOUT ROWID;
CREATE TABLE feature_groups (
    namespace TEXT NOT NULL, entity TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL,
    since INTEGER NOT NULL, windows TEXT NOT NULL, live INTEGER NOT NULL, since_version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, entity, number)) WITHOUT ROWID;
CREATE TABLE source_positions (
    source TEXT NOT NULL, source_partition INTEGER NOT NULL, lane INTEGER NOT NULL, next_offset INTEGER NOT NULL,
    definitions_version INTEGER NOT NULL, definitions_from INTEGER NOT NULL,
    PRIMARY KEY (source, source_partition)) WITHOUT ROWID;
CREATE TABLE source_definitions (
    source TEXT NOT NULL, source_partition INTEGER NOT NULL, lane INTEGER NOT NULL, version INTEGER NOT NULL,
    definitions_from INTEGER NOT NULL, PRIMARY KEY (source, source_partition, lane, version)) WITHOUT ROWID;
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, lane INTEGER NOT NULL, source_partition INTEGER NOT NULL,
    source_offset INTEGER NOT NULL, ordinal INTEGER NOT NULL, group_name TEXT NOT NULL, feature TEXT NOT NULL,
    reason TEXT NOT NULL, error TEXT NOT NULL, at INTEGER NOT NULL, length INTEGER NOT NULL, sha256 TEXT NOT NULL,
    kept_bytes INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE UNIQUE INDEX dead_letters_origin ON dead_letters
    (source_offset, source_partition, source, lane, ordinal, group_name, feature, reason);
CREATE INDEX dead_letters_reason ON dead_letters (reason, id);
CREATE TABLE logs (
    entity TEXT NOT NULL PRIMARY KEY, partitions INTEGER NOT NULL, identity TEXT NOT NULL, complete INTEGER NOT NULL)
    WITHOUT ROWID;
INSERT INTO definitions VALUES ('shop', 1, 'namespace = shop', 1000), ('shop', 2, 'namespace = shop # 2', 2000);
INSERT INTO features VALUES
    ('shop', 'item', 1, 'sales.buys', 'type=count', 1000, '1h/1m=0', 1, 1), ('shop', 'item', 2, 'sales.gone', 'type=sum', 1000, '', 0, 1);
INSERT INTO columns VALUES ('shop', 'item', 1, 'purchases.user_id', 'string', 1000, '', 1, 1);
INSERT INTO feature_groups VALUES ('shop', 'item', 0, 'sales', 'key=string', 1000, '', 1, 1);
INSERT INTO source_positions VALUES ('purchases', 3, 1, 12345, 2, 77);
INSERT INTO dead_letters VALUES
    (7, 'purchases', 1, 3, 99, 2, 'sales', 'buys', 'apply', 'value is not finite', 1500, 5, 'abc', 3, X'010203');
INSERT INTO logs VALUES ('item', 1, 'identity-1', 1);
INSERT INTO source_definitions VALUES ('purchases', 4, 1, 2, 77);
PRAGMA user_version = 2;
