CREATE TABLE teams (
  id      TEXT NOT NULL PRIMARY KEY,          -- UUIDv7, 32 hex digits
  name    TEXT NOT NULL,
  created INTEGER NOT NULL                    -- Unix milliseconds, as every time here
) STRICT;

CREATE TABLE api_keys (
  id       TEXT NOT NULL PRIMARY KEY,
  team     TEXT NOT NULL REFERENCES teams (id),
  name     TEXT NOT NULL,
  digest   BLOB NOT NULL UNIQUE,              -- SHA-256 of the whole key: the key itself is nowhere
  redacted TEXT NOT NULL,                     -- what may be shown: xai-...abcd
  created  INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0
) STRICT;
