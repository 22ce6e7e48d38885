ALTER TABLE epochs ADD COLUMN journal TEXT;       -- id of the journal of the server's data directory
ALTER TABLE epochs ADD COLUMN reclaimed INTEGER;  -- when it was decided that what it held belongs to all again

CREATE TABLE slices (                             -- what a server was given of a team's money: out is given - returned - spent
  epoch    INTEGER NOT NULL,
  team     TEXT NOT NULL,
  resource TEXT NOT NULL,                         -- lot:ID, allowance; bounds of spending: team, key:ID, gateway:NAME
  given    INTEGER NOT NULL,                      -- in the whole epoch, as are the other two: so a change whose outcome is not known can be repeated
  returned INTEGER NOT NULL,
  spent    INTEGER NOT NULL,
  PRIMARY KEY (epoch, team, resource),
  CHECK (given >= 0 AND returned >= 0 AND spent >= 0 AND returned + spent <= given)
) STRICT;
CREATE INDEX slices_by_team ON slices (team);
CREATE INDEX lots_ending ON lots (expires) WHERE remains > 0;   -- what has to be done each second is found without looking at all teams
CREATE INDEX balances_owing ON balances (team) WHERE owed > 0;

CREATE TABLE wanted (                             -- teams of whose money a server has too little while others have some
  team   TEXT NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL                         -- counts how often
) STRICT;

CREATE TABLE open_holds (                         -- what running requests hold, of all servers; those older than a second
  epoch      INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  team       TEXT NOT NULL,
  key_id     TEXT NOT NULL,
  ticks      INTEGER NOT NULL,
  since      INTEGER NOT NULL,
  replica    TEXT NOT NULL,
  PRIMARY KEY (epoch, request_id)
) STRICT;
