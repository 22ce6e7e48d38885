CREATE TABLE changes (                         -- how often something of a topic was changed: triggers count (ChangeTriggers.cs)
  topic  TEXT NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL
) STRICT;

CREATE TABLE installation (                    -- what holds for all servers on this database
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE epochs (                          -- one row for each start of a server
  epoch    INTEGER PRIMARY KEY AUTOINCREMENT,
  instance TEXT NOT NULL,                      -- machine and process, for people
  started  INTEGER NOT NULL,                   -- Unix milliseconds by the database's clock
  seen     INTEGER NOT NULL,                   -- when it last said that it lives
  ended    INTEGER                             -- when it ended, or somebody else took what it held
) STRICT;
