ALTER TABLE answers ADD COLUMN epoch INTEGER;  -- waiting: the start of the server in which its exchange runs

CREATE INDEX answers_waiting ON answers (epoch) WHERE state = 'waiting';
