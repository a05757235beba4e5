-- Web processes as they report themselves every few seconds: what the health page and the banner know of the others.
-- A row is written over in place; one that is not heard of for a day is deleted.
CREATE TABLE processes (
  -- Host or dyno and process id, as in writers.
  holder text PRIMARY KEY CHECK (length(holder) <= 200),
  dyno text NOT NULL,
  version text NOT NULL,
  roles text NOT NULL,
  started_at_ms bigint NOT NULL,
  seen_at_ms bigint NOT NULL,
  -- model/ingest-health.ts; null for a process that takes no frames in.
  status jsonb
) WITH (fillfactor = 50);
