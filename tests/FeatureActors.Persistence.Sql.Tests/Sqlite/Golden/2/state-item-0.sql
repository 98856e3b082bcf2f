-- state-item-0.db as the first release wrote it. Never changed.
CREATE TABLE shards (
    entity TEXT NOT NULL, partition INTEGER NOT NULL, partition_count INTEGER NOT NULL, hash_id TEXT NOT NULL,
    log_identity TEXT NOT NULL, epoch INTEGER NOT NULL, owner TEXT NOT NULL, checkpoint_id INTEGER NOT NULL,
    next_offset INTEGER NOT NULL, marks BLOB NOT NULL, clock INTEGER NOT NULL, published_position INTEGER NOT NULL,
    published_batch INTEGER NOT NULL, PRIMARY KEY (entity, partition));
CREATE TABLE entities (
    key BLOB NOT NULL, next_due INTEGER NOT NULL, unpublished INTEGER NOT NULL, state BLOB NOT NULL);
CREATE UNIQUE INDEX entities_key ON entities (key);
CREATE INDEX entities_due ON entities (next_due, key) WHERE next_due < 9223372036854775807;
CREATE INDEX entities_unpublished ON entities (key) WHERE unpublished = 1;
INSERT INTO shards VALUES ('item', 0, 2, 'hash-1', 'identity-1', 41, 'node-1', 9, 500, X'0A0B', 1700000000000, 450, 176093659136);
INSERT INTO entities VALUES (X'6B31', 1700000060000, 0, X'AA01'), (X'6B32', 9223372036854775807, 1, X'AA02');
PRAGMA user_version = 1;
