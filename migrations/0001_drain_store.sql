-- Apps, drains, the durable log of chunks, and everything derived from it.
-- Times are bigint milliseconds since the epoch in rows about one instant, and int seconds since the
-- epoch (bucket_s) in buckets. Bounds of partitions are those same numbers, so that both bounds of a
-- query can be bound as plain parameters.

-- A Heroku app being watched. id is small and internal; name is what people and URLs use.
CREATE TABLE apps (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
  created_at_ms bigint NOT NULL,
  -- Until then, lines of any age within the finest resolution's retention keep their own time.
  history_open_until_ms bigint NOT NULL DEFAULT 0,
  custom_metrics boolean NOT NULL DEFAULT true,
  strict_tokens boolean NOT NULL DEFAULT false,
  -- Set by removal: nothing is taken in any more, rows go with the next retention round.
  removed_at_ms bigint
);

-- Secrets of an app's drain URL: at most two live ones (rotation with overlap). Only keyed hashes.
CREATE TABLE drain_secrets (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  secret_hash bytea NOT NULL UNIQUE,
  created_at_ms bigint NOT NULL,
  -- null while the secret is valid; an instant, future while two overlap.
  revoked_at_ms bigint,
  last_used_at_ms bigint
);
CREATE INDEX drain_secrets_app ON drain_secrets (app_id);

-- One row per app and Logplex-Drain-Token seen (token '' for senders without one).
CREATE TABLE drains (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  token text NOT NULL CHECK (length(token) <= 128),
  -- 'adopted' (first token of an app, or accepted by an admin), 'new' (flagged), 'banned'
  state text NOT NULL DEFAULT 'new',
  sender text NOT NULL DEFAULT 'logplex',
  -- From the drain URL: ?env= and ?tag.k=v.
  labels jsonb NOT NULL DEFAULT '{}',
  first_received_at_ms bigint NOT NULL,
  last_received_at_ms bigint NOT NULL,
  -- Newest line time taken over: "data through".
  last_line_at_ms bigint NOT NULL DEFAULT 0,
  UNIQUE (app_id, token)
) WITH (fillfactor = 50);

-- 401s by the user name that was tried (bounded by the writer), for "unknown senders" in drain health.
CREATE TABLE refused_senders (
  user_name text PRIMARY KEY CHECK (length(user_name) <= 128),
  attempts bigint NOT NULL,
  first_at_ms bigint NOT NULL,
  last_at_ms bigint NOT NULL,
  reason text NOT NULL
);

-- A process that takes frames in. seq counts its committed chunks, checkpoint_seq the last one contained
-- in the roll-ups. epoch is the fencing token: taken over → greater epoch → late writes find no row.
CREATE TABLE writers (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  epoch int NOT NULL DEFAULT 1,
  seq bigint NOT NULL DEFAULT 0,
  checkpoint_seq bigint NOT NULL DEFAULT 0,
  -- Commit time of the chunk at checkpoint_seq, the lower time bound for reading what is behind it.
  checkpoint_at_ms bigint NOT NULL,
  -- By the database's clock.
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  holder text NOT NULL,
  closed_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX writers_open ON writers (id) WHERE closed_at IS NULL;

-- The frame ledger: a frame id counts once. Partitioned by slot of two hours (slot_s = start, epoch s).
-- A frame that comes near a slot's edge is entered in both slots, so that two copies arriving at once on
-- two processes always meet in one unique index.
CREATE TABLE frames (
  slot_s int NOT NULL,
  drain_id int NOT NULL,
  frame_id bytea NOT NULL,
  -- What is asked for comes first: one look-up a partition, however many frames it holds.
  PRIMARY KEY (drain_id, frame_id, slot_s)
) PARTITION BY RANGE (slot_s);

-- The durable log. One row per group commit; body holds one compressed section per app (codec in its
-- header); STORAGE EXTERNAL so that a section can be read with substring() without the rest.
CREATE TABLE chunks (
  committed_at_ms bigint NOT NULL,
  writer_id int NOT NULL,
  seq bigint NOT NULL,
  app_ids int[] NOT NULL,
  -- End offset in body of each app's section, in the order of app_ids.
  section_ends int[] NOT NULL,
  -- Positions of frames in the chunk that were already counted before: left out by every reader.
  duplicates int[] NOT NULL,
  messages int NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (committed_at_ms, writer_id, seq)
) PARTITION BY RANGE (committed_at_ms);
ALTER TABLE chunks ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX chunks_writer ON chunks (writer_id, seq);

-- What identifies a series of an app: a kind (number, see model/series.ts) and a key.
CREATE TABLE series (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id int NOT NULL,
  kind smallint NOT NULL,
  key text NOT NULL,
  -- Beside the key: an add-on's attachment name, a custom metric's unit.
  label text,
  created_at_ms bigint NOT NULL,
  UNIQUE (app_id, kind, key)
);

-- Buckets of counted things: requests by dyno, code, status, method and path shape, host, release; messages by
-- kind; skipped by reason. Append-only deltas: readers sum, and concatenate hist (model/histogram.ts).
-- Columns that a kind does not use are null (free). writer_id 0 marks rows made by compaction.
CREATE TABLE count_buckets_10s (
  bucket_s int NOT NULL,
  app_id int NOT NULL,
  series_id int NOT NULL,
  writer_id int NOT NULL,
  count bigint NOT NULL,
  bad bigint,
  excluded bigint,
  status_1xx bigint,
  status_2xx bigint,
  status_3xx bigint,
  status_4xx bigint,
  status_5xx bigint,
  platform bigint,
  bytes bigint,
  connect_count bigint,
  connect_sum_ms bigint,
  connect_max_ms int,
  connect_hist bytea,
  service_count bigint,
  service_sum_ms bigint,
  service_max_ms int,
  service_hist bytea
) PARTITION BY RANGE (bucket_s);
CREATE INDEX count_buckets_10s_series ON count_buckets_10s (app_id, series_id, bucket_s);
CREATE TABLE count_buckets_1m (LIKE count_buckets_10s INCLUDING INDEXES) PARTITION BY RANGE (bucket_s);
CREATE TABLE count_buckets_1h (LIKE count_buckets_10s INCLUDING INDEXES) PARTITION BY RANGE (bucket_s);

-- Buckets of measured things: dyno samples, add-on metrics, custom metrics. last is the value at last_at_ms,
-- the newest in the bucket; readers take the last of the newest row.
CREATE TABLE sample_buckets_10s (
  bucket_s int NOT NULL,
  app_id int NOT NULL,
  series_id int NOT NULL,
  writer_id int NOT NULL,
  count bigint NOT NULL,
  sum double precision NOT NULL,
  min double precision NOT NULL,
  max double precision NOT NULL,
  last double precision NOT NULL,
  last_at_ms bigint NOT NULL
) PARTITION BY RANGE (bucket_s);
CREATE INDEX sample_buckets_10s_series ON sample_buckets_10s (app_id, series_id, bucket_s);
CREATE TABLE sample_buckets_1m (LIKE sample_buckets_10s INCLUDING INDEXES) PARTITION BY RANGE (bucket_s);
CREATE TABLE sample_buckets_1h (LIKE sample_buckets_10s INCLUDING INDEXES) PARTITION BY RANGE (bucket_s);

-- Units of time whose finer buckets changed after (or before) they were compacted. done_version < version: due.
CREATE TABLE compactions (
  app_id int NOT NULL,
  -- Seconds of the coarser bucket: 60 or 3600.
  resolution_s int NOT NULL,
  -- Start of the unit: 10 min for 60, 1 h for 3600.
  unit_s int NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  done_version bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (app_id, resolution_s, unit_s)
) WITH (fillfactor = 50);
CREATE INDEX compactions_due ON compactions (resolution_s, unit_s) WHERE done_version < version;

-- Up to where retention has dropped rows of a finer table, in its bucket_s: a unit before it is never computed
-- again, which would wipe what was compacted; late rows are moved into it. Readers of it lock it, so that nothing
-- is dropped under a computation.
CREATE TABLE retired (
  table_name text PRIMARY KEY,
  before_s int NOT NULL DEFAULT 0
);
INSERT INTO retired (table_name) VALUES
  ('count_buckets_10s'), ('count_buckets_1m'), ('sample_buckets_10s'), ('sample_buckets_1m');

-- Single requests kept longer than chunks: every bad one, the slowest, a uniform sample.
CREATE TABLE request_details (
  at_ms bigint NOT NULL,
  app_id int NOT NULL,
  -- 'bad', 'slow' or 'sample'
  reason text NOT NULL,
  -- Share of such requests that were kept, 0–1: weight is its inverse.
  sample_rate real NOT NULL,
  request_id text,
  method text,
  path text,
  path_shape text,
  host text,
  client text,
  dyno text,
  release int,
  connect_ms int,
  service_ms int,
  status smallint,
  bytes bigint,
  code text
) PARTITION BY RANGE (at_ms);
CREATE INDEX request_details_app ON request_details (app_id, at_ms);
CREATE INDEX request_details_request_id ON request_details (app_id, request_id);

-- Releases, config changes, scaling, dyno states, R-code episodes. dedupe_key makes a replayed or repeated event one.
CREATE TABLE events (
  id bigint GENERATED ALWAYS AS IDENTITY,
  at_ms bigint NOT NULL,
  app_id int NOT NULL,
  -- Kind of event, see model/event.ts: release, deploy, rollback, scale, config, build, addon, releasePhase,
  -- state, start, exit, stop, restarting, cycling, idling, unidling, oneOff, code, apiOther
  kind text NOT NULL,
  dyno text,
  code text,
  version int,
  -- End and count of an episode (repeated R codes); equal to at_ms and 1 for others.
  until_ms bigint NOT NULL,
  count int NOT NULL DEFAULT 1,
  detail jsonb NOT NULL DEFAULT '{}',
  dedupe_key text NOT NULL,
  PRIMARY KEY (at_ms, id)
) PARTITION BY RANGE (at_ms);
CREATE UNIQUE INDEX events_dedupe ON events (app_id, at_ms, dedupe_key);
CREATE INDEX events_app ON events (app_id, at_ms);

-- Known losses. Of repeated notices for one drain, cause and start the largest count stands.
CREATE TABLE gaps (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id int NOT NULL,
  drain_id int NOT NULL,
  cause text NOT NULL,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  -- Messages lost, an upper bound; null when unknown.
  messages bigint,
  dedupe_key text NOT NULL,
  UNIQUE (app_id, drain_id, dedupe_key)
);
CREATE INDEX gaps_app ON gaps (app_id, to_ms);

-- Bytes that could not be read, bounded per app, for "why is my line not counted?".
CREATE TABLE quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id int NOT NULL,
  drain_id int NOT NULL,
  received_at_ms bigint NOT NULL,
  reason text NOT NULL,
  -- Redacted, at most 4 KiB.
  bytes bytea NOT NULL,
  size_bytes int NOT NULL
);
CREATE INDEX quarantine_app ON quarantine (app_id, id);

-- Single-holder duties of workers (compaction, retention): lease with fencing token, database clock.
CREATE TABLE leases (
  name text PRIMARY KEY,
  holder text NOT NULL,
  epoch bigint NOT NULL DEFAULT 1,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
