ALTER TABLE teams ADD COLUMN price_percent INTEGER NOT NULL DEFAULT 100;  -- what it pays, of the list's prices

CREATE TABLE billing_info (
  team     TEXT NOT NULL PRIMARY KEY,
  info     TEXT NOT NULL,                     -- JSON: name, address, email, tax number as the team gave them
  modified INTEGER NOT NULL
) STRICT;

CREATE TABLE invoices (
  team      TEXT NOT NULL,
  month     TEXT NOT NULL,                    -- 2024-11, in the time zone of its making
  id        TEXT NOT NULL UNIQUE,
  number    INTEGER NOT NULL UNIQUE,          -- runs from 1 in the installation, without a gap
  first_seq INTEGER NOT NULL,                 -- the team's entries that it tells of
  last_seq  INTEGER NOT NULL,
  made      INTEGER NOT NULL,
  body      TEXT NOT NULL,                    -- JSON, as it was made: an invoice never changes
  PRIMARY KEY (team, month)
) STRICT;

INSERT INTO counters (name, value) VALUES ('invoices', 0);
