CREATE TABLE logs (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order in which they were written
  id           TEXT NOT NULL UNIQUE,          -- UUIDv7 with hyphens, made when the request came
  request_id   TEXT NOT NULL,
  event_id     TEXT,                          -- the caller's; NULL: the id
  created      INTEGER NOT NULL,              -- Unix milliseconds, as every time here
  written      INTEGER NOT NULL,
  team         TEXT NOT NULL,                 -- 32 hex digits; empty: of a request without a key that is known
  key_id       TEXT,
  gateway      TEXT NOT NULL,                 -- empty: none
  provider     TEXT,
  model_asked  TEXT,
  model        TEXT,                          -- provider/model that answered, or was asked last
  upstream     TEXT,
  model_type   TEXT NOT NULL,
  request_type TEXT NOT NULL,                 -- http or websocket
  compat       INTEGER NOT NULL,
  method       TEXT NOT NULL,
  path         TEXT NOT NULL,                 -- without its query
  request_content_type  TEXT,
  response_content_type TEXT,
  status       INTEGER NOT NULL,
  success      INTEGER NOT NULL,
  cached       INTEGER NOT NULL,
  step         INTEGER NOT NULL,
  attempts     INTEGER NOT NULL,
  tokens_in    INTEGER NOT NULL,
  tokens_out   INTEGER NOT NULL,              -- reasoning included
  tokens_cached    INTEGER NOT NULL,          -- of those in
  tokens_reasoning INTEGER NOT NULL,          -- of those out
  usage_source TEXT,
  duration     INTEGER NOT NULL,              -- milliseconds
  first_byte   INTEGER,                       -- milliseconds
  cost         INTEGER,                       -- ticks of 10^-10 US dollar; NULL: not charged
  custom_cost  INTEGER NOT NULL,
  byok         INTEGER NOT NULL,
  wholesale    INTEGER NOT NULL,
  authentication INTEGER NOT NULL,
  metadata     TEXT,                          -- a JSON object
  tags         TEXT,
  session      TEXT,
  ending       TEXT NOT NULL,
  refused      TEXT,
  failed_party TEXT,
  failed_stage TEXT,
  error        TEXT,
  user_agent   TEXT,
  request_size  INTEGER,                      -- bytes of the body
  response_size INTEGER,
  has_payload  INTEGER NOT NULL,
  request_complete  INTEGER NOT NULL,         -- nothing of the kept body was cut off
  response_complete INTEGER NOT NULL,
  feedback     INTEGER,                       -- -1, 0 or 1
  score        INTEGER                        -- 0 to 100
) STRICT;

-- The numbers and names behind the id are there so that a rare match is found without reading the rows between.
CREATE INDEX logs_by_team ON logs (team, created, id, success, status, cached, cost, tokens_in, tokens_out, duration, provider, model, gateway, key_id);
CREATE INDEX logs_by_gateway ON logs (team, gateway, created, id);
CREATE INDEX logs_by_key ON logs (team, key_id, created, id);
CREATE INDEX logs_by_model ON logs (team, model, created, id);
-- What they all have in common stands in the key too: only so SQLite prefers them.
CREATE INDEX logs_failed ON logs (team, success, created, id) WHERE success = 0;
CREATE INDEX logs_by_status ON logs (team, success, status, created, id) WHERE success = 0;
CREATE INDEX logs_by_request ON logs (request_id);
CREATE INDEX logs_by_event ON logs (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX logs_by_session ON logs (team, session, created, id) WHERE session IS NOT NULL;

CREATE TABLE log_metadata (
  seq   INTEGER NOT NULL REFERENCES logs (seq) ON DELETE CASCADE,
  team  TEXT NOT NULL,
  name  TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (seq, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_metadata_by_value ON log_metadata (team, value, seq);
CREATE INDEX log_metadata_by_name ON log_metadata (team, name, seq);

CREATE TABLE log_payloads (
  seq           INTEGER PRIMARY KEY REFERENCES logs (seq) ON DELETE CASCADE,
  request_head  TEXT NOT NULL,
  request_body  BLOB NOT NULL,
  response_head TEXT NOT NULL,
  response_body BLOB NOT NULL
) STRICT;

CREATE TABLE log_counts (
  team    TEXT NOT NULL,
  gateway TEXT NOT NULL,
  entries INTEGER NOT NULL,
  PRIMARY KEY (team, gateway)
) STRICT;
