CREATE TABLE answers (
  team     TEXT NOT NULL,                     -- 32 hex digits: nobody else ever sees the row
  id       TEXT NOT NULL,                     -- the id that the caller was given
  kind     TEXT NOT NULL,                     -- response or deferred
  state    TEXT NOT NULL,                     -- waiting, or done
  created  INTEGER NOT NULL,                  -- Unix milliseconds, as every time here
  expires  INTEGER NOT NULL,
  status   INTEGER NOT NULL DEFAULT 0,        -- deferred: the HTTP status of the answer
  headers  TEXT NOT NULL DEFAULT '',          -- deferred: "name: value" lines that belong to the answer
  body     BLOB NOT NULL,                     -- the response object, or the deferred answer
  input    BLOB,                              -- response: the array of its own input items
  previous TEXT,                              -- response: the id of the one before it
  holder   TEXT,                              -- response: the upstream that keeps the same response
  held_as  TEXT,                              -- ... and its id there
  bytes    INTEGER NOT NULL,                  -- of body and input
  interrupted BLOB,                           -- waiting: the body it gets when this process ends before the answer is there
  PRIMARY KEY (team, id)
) STRICT;

CREATE INDEX answers_by_expiry ON answers (expires);
CREATE INDEX answers_by_team ON answers (team, kind, state, created, bytes);

CREATE TABLE owned_ids (
  id      TEXT NOT NULL,                      -- of a file, batch or video at an upstream
  kind    TEXT NOT NULL,                      -- files, batches or videos
  team    TEXT NOT NULL,                      -- who made it through us
  created INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
