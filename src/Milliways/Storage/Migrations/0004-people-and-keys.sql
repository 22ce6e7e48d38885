ALTER TABLE teams ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;  -- by the operator: none of its keys works
ALTER TABLE teams ADD COLUMN requests_per_second INTEGER;         -- its own limits; NULL: the configuration's
ALTER TABLE teams ADD COLUMN requests_per_minute INTEGER;
ALTER TABLE teams ADD COLUMN requests_per_hour INTEGER;
ALTER TABLE teams ADD COLUMN tokens_per_minute INTEGER;
ALTER TABLE teams ADD COLUMN concurrent INTEGER;

ALTER TABLE api_keys ADD COLUMN acls TEXT NOT NULL DEFAULT 'api-key:model:* api-key:endpoint:*';  -- xAI's strings, a space between two
ALTER TABLE api_keys ADD COLUMN expires INTEGER;                  -- NULL: never
ALTER TABLE api_keys ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN requests_per_second INTEGER;
ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER;
ALTER TABLE api_keys ADD COLUMN requests_per_hour INTEGER;
ALTER TABLE api_keys ADD COLUMN tokens_per_minute INTEGER;
ALTER TABLE api_keys ADD COLUMN concurrent INTEGER;
ALTER TABLE api_keys ADD COLUMN budget INTEGER;                   -- ticks in a calendar month (UTC); NULL: no bound of its own
ALTER TABLE api_keys ADD COLUMN created_by TEXT;                  -- a user's id; NULL: the operator, or the first start
ALTER TABLE api_keys ADD COLUMN modified_by TEXT;
ALTER TABLE api_keys ADD COLUMN last_used INTEGER;                -- to the minute, written now and then

CREATE TABLE old_key_texts (
  digest  BLOB NOT NULL PRIMARY KEY,          -- of a text that was replaced by rotation
  api_key TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  expires INTEGER NOT NULL                    -- until then it still works
) STRICT;

CREATE TABLE management_keys (
  id         TEXT NOT NULL PRIMARY KEY,
  team       TEXT NOT NULL REFERENCES teams (id),
  name       TEXT NOT NULL,
  digest     BLOB NOT NULL UNIQUE,
  redacted   TEXT NOT NULL,
  acls       TEXT NOT NULL,                   -- team-token:endpoint:..., a space between two
  created    INTEGER NOT NULL,
  modified   INTEGER NOT NULL,
  expires    INTEGER,
  created_by TEXT
) STRICT;

CREATE TABLE users (
  id       TEXT NOT NULL PRIMARY KEY,
  email    TEXT NOT NULL UNIQUE,              -- in lower case
  name     TEXT NOT NULL,
  password TEXT,                              -- PBKDF2, see Passwords; NULL: cannot sign in with one
  disabled INTEGER NOT NULL DEFAULT 0,
  created  INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
  team      TEXT NOT NULL REFERENCES teams (id),
  person    TEXT NOT NULL REFERENCES users (id),
  role      TEXT NOT NULL,                    -- owner, admin, member, viewer
  joined    INTEGER NOT NULL,
  PRIMARY KEY (team, person)
) STRICT;

CREATE TABLE invitations (
  digest     BLOB NOT NULL PRIMARY KEY,       -- SHA-256 of the token: the token itself is nowhere
  team       TEXT NOT NULL REFERENCES teams (id),
  email      TEXT NOT NULL,
  role       TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  created    INTEGER NOT NULL,
  expires    INTEGER NOT NULL
) STRICT;

CREATE TABLE counters (
  name  TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

INSERT INTO counters (name, value) VALUES ('audit', 0);

CREATE TABLE audit (
  seq       INTEGER NOT NULL PRIMARY KEY,     -- the order of changes
  time      INTEGER NOT NULL,
  actor     TEXT NOT NULL,                    -- operator, user:ID, management-key:ID, registration
  team      TEXT,                             -- stays when the team is gone
  action    TEXT NOT NULL,                    -- keys.create, members.set-role, ...
  object    TEXT NOT NULL,                    -- what was changed
  old_state TEXT,                             -- JSON without secrets
  new_state TEXT
) STRICT;

CREATE INDEX audit_by_team ON audit (team, seq);
CREATE INDEX members_by_person ON members (person);
CREATE INDEX old_key_texts_by_key ON old_key_texts (api_key);
CREATE INDEX api_keys_by_team ON api_keys (team);
