-- Lines of logs: as they are committed with their frames, and for as long as they are kept.

-- One row a group commit that has lines, written by the very statement that commits the group's chunk. Apart from
-- chunks, whose form readers of the release before know. The worker moves rows older than a minute into blocks.
CREATE TABLE log_chunks (
  committed_at_ms bigint NOT NULL,
  writer_id int NOT NULL,
  seq bigint NOT NULL,
  -- Sections in body, one an app: which, and where each ends.
  app_ids int[] NOT NULL,
  section_ends int[] NOT NULL,
  -- Positions of frames that were already counted before: left out by every reader.
  duplicates int[] NOT NULL,
  lines int NOT NULL,
  body bytea NOT NULL
) PARTITION BY RANGE (committed_at_ms);
-- Compressed already, or too short to be.
ALTER TABLE log_chunks ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX log_chunks_time ON log_chunks (committed_at_ms, writer_id, seq);

-- Lines of one app, by the time of the last one: about a minute a row, or 256 KiB before compression.
CREATE TABLE log_blocks (
  app_id int NOT NULL,
  id bigint NOT NULL DEFAULT 0,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  lines int NOT NULL,
  -- Flat: bucket ÷ 10 s, source, level, kept, left out, and so on (store/log-counts.ts).
  counts int[] NOT NULL,
  codes text[] NOT NULL,
  procids text[] NOT NULL,
  body bytea NOT NULL
) PARTITION BY RANGE (to_ms);
ALTER TABLE log_blocks ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX log_blocks_app ON log_blocks (app_id, to_ms, id);
CREATE SEQUENCE log_block_ids OWNED BY log_blocks.id;
ALTER TABLE log_blocks ALTER COLUMN id SET DEFAULT nextval('log_block_ids');

-- Hours an app's lines are kept; 0: none are taken in; null: as DRAINBOARD_KEEP_LOGS_HOURS says.
ALTER TABLE apps ADD COLUMN keep_logs_hours int CHECK (keep_logs_hours BETWEEN 0 AND 744);
