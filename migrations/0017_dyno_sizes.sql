-- What people say about the dynos of a process type: lines tell the memory quota, but nobody tells the cores.
CREATE TABLE dyno_sizes (
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  process_type text NOT NULL CHECK (length(process_type) BETWEEN 1 AND 64),
  -- A name of model/dyno-size.ts; null: as the lines of Heroku say.
  size text CHECK (length(size) <= 64),
  cores int CHECK (cores BETWEEN 1 AND 256),
  set_at_ms bigint NOT NULL,
  -- Name of the person or token.
  set_by text NOT NULL CHECK (length(set_by) <= 200),
  PRIMARY KEY (app_id, process_type)
);
