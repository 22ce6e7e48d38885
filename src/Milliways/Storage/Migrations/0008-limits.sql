CREATE TABLE limit_teams (                     -- one row for each team that is limited: who decides about it locks this row
  team TEXT NOT NULL PRIMARY KEY
) STRICT;

CREATE TABLE limit_bookings (                  -- what counts in the windows of limits
  epoch   INTEGER NOT NULL,                    -- of the server that booked it
  serial  INTEGER NOT NULL,                    -- its number there
  team    TEXT NOT NULL,
  scope   TEXT NOT NULL,                       -- team, key/ID, model/NAME, gateway/NAME
  measure INTEGER NOT NULL,                    -- place in the list of measures
  amount  INTEGER NOT NULL,
  until   INTEGER NOT NULL,                    -- Unix microseconds by the database's clock: from then on it does not count
  PRIMARY KEY (epoch, serial)
) STRICT;

CREATE INDEX limit_bookings_by_window ON limit_bookings (team, scope, measure, until);
CREATE INDEX limit_bookings_by_end ON limit_bookings (until);

CREATE TABLE limit_slots (                     -- exchanges that a server may have at one time; they count while its epoch lives
  team  TEXT NOT NULL,
  scope TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  held  INTEGER NOT NULL,
  PRIMARY KEY (team, scope, epoch)
) STRICT;
