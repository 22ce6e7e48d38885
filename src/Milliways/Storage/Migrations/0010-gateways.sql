ALTER TABLE gateways ADD COLUMN authentication INTEGER NOT NULL DEFAULT 1;  -- 0: an open gateway, an explicit choice
ALTER TABLE gateways ADD COLUMN collect_logs INTEGER NOT NULL DEFAULT 1;
ALTER TABLE gateways ADD COLUMN payloads TEXT;                              -- none or full; NULL: as the configuration says
ALTER TABLE gateways ADD COLUMN log_management INTEGER;                     -- how many log entries are kept
ALTER TABLE gateways ADD COLUMN log_management_strategy TEXT;               -- STOP_INSERTING or DELETE_OLDEST
ALTER TABLE gateways ADD COLUMN rate_limit INTEGER;                         -- requests in an interval
ALTER TABLE gateways ADD COLUMN rate_interval INTEGER;                      -- seconds
ALTER TABLE gateways ADD COLUMN rate_technique TEXT;                        -- fixed or sliding
ALTER TABLE gateways ADD COLUMN max_attempts INTEGER;
ALTER TABLE gateways ADD COLUMN retry_delay INTEGER;                        -- milliseconds
ALTER TABLE gateways ADD COLUMN backoff TEXT;                               -- constant, linear or exponential
ALTER TABLE gateways ADD COLUMN request_timeout INTEGER;                    -- milliseconds until the first part of an answer
ALTER TABLE gateways ADD COLUMN byok_only INTEGER NOT NULL DEFAULT 0;       -- the operator's keys are not used
ALTER TABLE gateways ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE gateways ADD COLUMN modified INTEGER NOT NULL DEFAULT 0;

CREATE TABLE gateway_keys (                    -- provider keys that a team has stored
  id         TEXT NOT NULL PRIMARY KEY,
  team       TEXT NOT NULL REFERENCES teams (id),
  gateway    TEXT NOT NULL,
  provider   TEXT NOT NULL,                    -- the slug of its paths
  alias      TEXT NOT NULL,                    -- cf-aig-byok-alias names it
  is_default INTEGER NOT NULL DEFAULT 0,       -- used when no alias is named
  secret     BLOB NOT NULL,                    -- sealed, bound to team and row (SecretBox)
  preview    TEXT NOT NULL,                    -- what may be shown of it
  created    INTEGER NOT NULL,
  UNIQUE (team, gateway, provider, alias)
) STRICT;

CREATE TABLE custom_providers (                -- custom-{slug} of a team's gateways
  id       TEXT NOT NULL PRIMARY KEY,
  team     TEXT NOT NULL REFERENCES teams (id),
  slug     TEXT NOT NULL,
  name     TEXT NOT NULL,
  base_url TEXT NOT NULL,
  enabled  INTEGER NOT NULL DEFAULT 0,
  created  INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (team, slug)
) STRICT;
