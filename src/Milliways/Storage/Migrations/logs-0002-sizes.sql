-- What an entry takes in the store, bodies, metadata and places in indexes included, so that all together can be bounded.
ALTER TABLE logs ADD COLUMN size INTEGER NOT NULL DEFAULT 0; -- bytes
ALTER TABLE log_counts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

UPDATE logs SET size = 1800 + coalesce((
  SELECT length(p.request_head) + length(p.request_body) + length(p.response_head) + length(p.response_body) FROM log_payloads p WHERE p.seq = logs.seq), 0);
UPDATE log_counts SET bytes = coalesce((SELECT sum(l.size) FROM logs l WHERE l.team = log_counts.team AND l.gateway = log_counts.gateway), 0);
