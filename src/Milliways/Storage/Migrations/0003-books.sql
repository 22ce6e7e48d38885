CREATE TABLE lots (
  id      TEXT NOT NULL PRIMARY KEY,          -- UUIDv7, 32 hex digits
  team    TEXT NOT NULL,
  kind    TEXT NOT NULL,                      -- grant, bonus, purchase or adjustment
  amount  INTEGER NOT NULL,                   -- ticks of 10^-10 US dollar, as all money here
  remains INTEGER NOT NULL,
  expires INTEGER,                            -- NULL: never
  created INTEGER NOT NULL,
  reason  TEXT NOT NULL,                      -- of an adjustment, or what the grant is for
  rule    TEXT UNIQUE,                        -- what gave it, so that it is given once: monthly:TEAM:YYYY-MM, bonus:LOT, promo:CODE:TEAM
  CHECK (remains >= 0 AND remains <= amount)
) STRICT;
CREATE INDEX lots_by_team ON lots (team, remains);

CREATE TABLE balances (
  team     TEXT NOT NULL PRIMARY KEY,
  seq      INTEGER NOT NULL,                  -- of the team's last entry
  balance  INTEGER NOT NULL,                  -- after it: what remains of all lots, minus what is owed
  owed     INTEGER NOT NULL CHECK (owed >= 0),
  booked   INTEGER NOT NULL,                  -- the time of the last entry: entries of one team are in order by time too
  postpaid INTEGER                            -- what the team may owe; NULL: as the configuration says
) STRICT;

CREATE TABLE entries (
  team         TEXT NOT NULL,
  seq          INTEGER NOT NULL,              -- runs from 1 in each team, without a gap
  part         INTEGER NOT NULL,              -- 0: the team's own; 1 and up: what the same exchange cost the operator
  time         INTEGER NOT NULL,
  kind         TEXT NOT NULL,                 -- grant, bonus, purchase, charge, adjustment, expiry
  from_account TEXT NOT NULL,                 -- money moves between two accounts, so that the sum of all is zero
  to_account   TEXT NOT NULL,
  amount       INTEGER NOT NULL CHECK (amount >= 0),
  balance      INTEGER NOT NULL,              -- the team's, after it
  reason       TEXT NOT NULL,
  request_id   TEXT,                          -- of a charge: never twice
  key_id       TEXT,
  gateway      TEXT,
  model        TEXT,
  upstream     TEXT,
  input        INTEGER NOT NULL,              -- all tokens of the prompt
  cached       INTEGER NOT NULL,              -- those of them read from a cache
  cache_write  INTEGER NOT NULL,
  output       INTEGER NOT NULL,              -- reasoning included
  reasoning    INTEGER NOT NULL,
  images       INTEGER NOT NULL,
  usage_source TEXT,
  ending       TEXT,
  tags         TEXT,
  PRIMARY KEY (team, seq, part)
) STRICT;
CREATE UNIQUE INDEX entries_by_request ON entries (request_id, part);
CREATE INDEX entries_by_time ON entries (team, time);

CREATE TABLE usage_hours (
  hour      INTEGER NOT NULL,                 -- its beginning
  team      TEXT NOT NULL,
  key_id    TEXT NOT NULL,
  model     TEXT NOT NULL,
  gateway   TEXT NOT NULL,                    -- empty: none
  answers   INTEGER NOT NULL,
  input     INTEGER NOT NULL,
  cached    INTEGER NOT NULL,
  output    INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  images    INTEGER NOT NULL,
  charged   INTEGER NOT NULL,
  overrun   INTEGER NOT NULL,
  discarded INTEGER NOT NULL,
  PRIMARY KEY (team, hour, key_id, model, gateway)
) STRICT;

CREATE TABLE journal_marks (
  journal TEXT NOT NULL PRIMARY KEY,          -- the id in the file's header
  applied INTEGER NOT NULL                    -- its records up to this one are in the books
) STRICT;

CREATE TABLE spending_limits (
  team    TEXT NOT NULL,
  gateway TEXT NOT NULL,                      -- empty: the whole team
  soft    INTEGER,                            -- ticks in a calendar month (UTC); NULL: none
  hard    INTEGER,
  PRIMARY KEY (team, gateway)
) STRICT;

CREATE TABLE promo_codes (
  code    TEXT NOT NULL PRIMARY KEY,          -- in capitals
  amount  INTEGER NOT NULL,
  most    INTEGER NOT NULL,                   -- teams that may redeem it
  used    INTEGER NOT NULL,
  until   INTEGER,                            -- the last moment to redeem it; NULL: none
  lasts   INTEGER,                            -- milliseconds that the credit lasts; NULL: for ever
  created INTEGER NOT NULL,
  CHECK (used >= 0 AND used <= most)
) STRICT;
