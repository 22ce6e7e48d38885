CREATE TABLE alerts (
  id       TEXT NOT NULL PRIMARY KEY,         -- evt_ and a UUIDv7: what receivers know it by
  occasion TEXT NOT NULL UNIQUE,              -- what happened, so that it is told once: soft:TEAM:GATEWAY:2026-11:LIMIT, overrun:TEAM:HOUR
  type     TEXT NOT NULL,
  team     TEXT,                              -- NULL: the operator's own
  created  INTEGER NOT NULL,
  body     TEXT NOT NULL,                     -- JSON, as it is sent: every try sends the same
  lasts    INTEGER NOT NULL                   -- 1: the occasion has no period and can be forgotten never
) STRICT;
CREATE INDEX alerts_by_time ON alerts (created);

CREATE TABLE alert_deliveries (
  alert    TEXT NOT NULL,
  target   TEXT NOT NULL,                     -- webhook:HOST/HASH or mail:ADDRESS; a webhook's path may be a secret
  state    TEXT NOT NULL,                     -- waiting, delivered, failed, off
  attempts INTEGER NOT NULL,
  due      INTEGER NOT NULL,                  -- when it is tried (again)
  claimed  INTEGER NOT NULL,                  -- until then a server is at it
  error    TEXT,                              -- of the last try
  ended    INTEGER,                           -- when it was delivered or given up
  PRIMARY KEY (alert, target)
) STRICT;
CREATE INDEX alert_deliveries_due ON alert_deliveries (due) WHERE state = 'waiting';

CREATE TABLE alert_targets (                  -- those that want nothing more (HTTP 410)
  target TEXT NOT NULL PRIMARY KEY,
  since  INTEGER NOT NULL
) STRICT;
