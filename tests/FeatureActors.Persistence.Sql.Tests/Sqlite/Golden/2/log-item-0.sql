-- log-item-0.db as the first release wrote it. Never changed.
CREATE TABLE log_identity (identity TEXT NOT NULL);
CREATE TABLE log (log_offset INTEGER PRIMARY KEY, batch BLOB NOT NULL);
INSERT INTO log_identity VALUES ('identity-1');
INSERT INTO log VALUES (498, X'01'), (499, X'0203');
PRAGMA user_version = 1;
