ALTER TABLE api_keys ADD COLUMN flavour TEXT;  -- xai or openai: how its answers and errors look; NULL: as the path says

CREATE TABLE gateways (
  team    TEXT NOT NULL REFERENCES teams (id),
  name    TEXT NOT NULL,                       -- as in /v1/{team}/{name}/...
  flavour TEXT,                                -- as above, for every key without one of its own
  PRIMARY KEY (team, name)
) STRICT;
