-- The account of what was acknowledged from the spool (a stream in Redis that takes frames while this database
-- cannot be written). Rows come only from outages and go a week later.

-- An entry of the spool: by the process that appended it (16 hex digits, new at every start) and its number there.
CREATE TABLE spool_entries (
  spool_writer text NOT NULL CHECK (length(spool_writer) = 16),
  number bigint NOT NULL,
  -- Id in the stream, the milliseconds of its server's clock and a count in them; null when the account is not
  -- there yet.
  stream_ms bigint,
  stream_count bigint,
  -- What is in it, by whoever appended it: [{"appId", "messages", "fromMs", "toMs"}]. null: moved before it was told.
  accounts jsonb,
  -- null while it waits. moved: committed; damaged: in the quarantine below; lost: neither here nor in the stream.
  fate text CHECK (fate IN ('moved', 'damaged', 'lost')),
  -- Whether the gaps of a damaged or lost entry are entered.
  is_told boolean NOT NULL DEFAULT false,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (spool_writer, number)
) WITH (fillfactor = 50);
-- What is still to be followed up, looked for every few seconds.
CREATE INDEX spool_entries_open ON spool_entries (stream_ms)
  WHERE accounts IS NOT NULL AND (fate IS NULL OR (fate = 'damaged' AND NOT is_told));

-- Entries that could not be read or committed, as they were: encrypted.
CREATE TABLE spool_quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- '' and 0 for bytes that are no entry.
  spool_writer text NOT NULL,
  number bigint NOT NULL,
  -- tooShort, otherVersion, unknownKey, damaged, badSection, refused, tooOften
  reason text NOT NULL,
  -- Apps in it, as far as it could be read: for their erasure.
  app_ids int[] NOT NULL,
  size_bytes int NOT NULL,
  -- Cut beyond 4 MiB.
  bytes bytea NOT NULL
);
ALTER TABLE spool_quarantine ALTER COLUMN bytes SET STORAGE EXTERNAL;
