-- Service level objectives: their versions, the counts behind them, corrections, and how their alerts changed.
-- A minute is an int, floor(epoch s / 60); an hour is floor(epoch s / 3600). Every count is a whole number of requests.

-- One objective of an app. What it says is in its versions; what counts is in slo_hours.
CREATE TABLE slos (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  slug text NOT NULL CHECK (length(slug) BETWEEN 1 AND 63),
  created_at_ms bigint NOT NULL,
  -- Nothing is counted or evaluated any more from its last version's end on; rows go with retention.
  removed_at_ms bigint
);
CREATE UNIQUE INDEX slos_slug ON slos (app_id, slug) WHERE removed_at_ms IS NULL;

-- Grows with every change of slo_versions, in the transaction of the change: its row lock puts changes into the order
-- in which they become visible, so that a process reads only what is newer than what it knows.
CREATE TABLE slo_generation (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  generation bigint NOT NULL DEFAULT 0
);
INSERT INTO slo_generation DEFAULT VALUES;

-- What an SLO said from one whole minute to another. The version that is valid in a minute counts that minute. A new
-- one begins a minute or more after it was written: by then every process that counts knows it.
CREATE TABLE slo_versions (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slo_id int NOT NULL REFERENCES slos (id) ON DELETE CASCADE,
  -- From 1.
  version int NOT NULL,
  valid_from_s int NOT NULL CHECK (valid_from_s % 60 = 0),
  -- null while it is the last one; the instant from which the next one is valid, or nothing is counted.
  valid_to_s int CHECK (valid_to_s % 60 = 0 AND valid_to_s >= valid_from_s),
  -- model/slo.ts, SloDefinition
  definition jsonb NOT NULL,
  author text NOT NULL,
  created_at_ms bigint NOT NULL,
  generation bigint NOT NULL,
  UNIQUE (slo_id, version)
);
CREATE INDEX slo_versions_generation ON slo_versions (generation);

-- What roll-ups counted since the last fold: a queue, written by COPY, emptied by DELETE. A row of version 0 is not of an
-- SLO: its events are the app's messages, of any kind, filed in that minute.
CREATE TABLE minute_deltas (
  app_id int NOT NULL,
  slo_version_id int NOT NULL,
  minute int NOT NULL,
  events int NOT NULL,
  bad int NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1);

-- Counts of an hour by minute, and of all hours before: a window of any length is the difference of two rows. An hour
-- without a request has no row. bad is '{}' in hours without a bad request, which are most.
CREATE TABLE slo_hours (
  slo_id int NOT NULL REFERENCES slos (id) ON DELETE CASCADE,
  hour int NOT NULL,
  -- [1] to [60], of minutes 0 to 59.
  events int[] NOT NULL,
  bad int[] NOT NULL,
  -- Sums of every minute before this hour.
  cum_events bigint NOT NULL,
  cum_bad bigint NOT NULL,
  PRIMARY KEY (slo_id, hour)
  -- The rows of this hour are updated in place every few seconds.
) WITH (fillfactor = 50);

-- The app's messages of an hour by minute, of any kind: in which minutes its drain was alive.
CREATE TABLE app_hours (
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  hour int NOT NULL,
  messages int[] NOT NULL,
  PRIMARY KEY (app_id, hour)
) WITH (fillfactor = 50);

-- Counting of the time before an SLO's first version: a row an SLO, worked off by whoever claims it.
CREATE TABLE slo_backfills (
  slo_id int PRIMARY KEY REFERENCES slos (id) ON DELETE CASCADE,
  -- waiting: for its first version to be valid; exact: reading the log of requests; older: reading buckets; done
  phase text NOT NULL DEFAULT 'waiting' CHECK (phase IN ('waiting', 'exact', 'older', 'done')),
  -- Commit time up to which the log has been read. A step that finds it moved has been done by another.
  cursor_ms bigint NOT NULL DEFAULT 0,
  -- From this minute on every request was looked at; null until it is known.
  exact_from_minute int,
  -- First minute with a count; those before exact_from_minute are approximate. null until it is known, or without any.
  history_from_minute int,
  -- Why there is nothing approximate, or less than there could be; '' otherwise.
  note text NOT NULL DEFAULT '',
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  done_at_ms bigint
) WITH (fillfactor = 50);
CREATE INDEX slo_backfills_due ON slo_backfills (slo_id) WHERE phase <> 'done';

-- Where the evaluation of an SLO stands.
CREATE TABLE slo_states (
  slo_id int PRIMARY KEY REFERENCES slos (id) ON DELETE CASCADE,
  -- The evaluation to be made next.
  next_minute int NOT NULL,
  -- By number of the tier: model/alert.ts, AlertMemory.
  tiers jsonb NOT NULL DEFAULT '[]',
  -- What else evaluations remember: crossings of the budget, the version they judged by.
  memory jsonb NOT NULL DEFAULT '{}',
  evaluated_at_ms bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX slo_states_due ON slo_states (next_minute);

-- Minutes that leave both sides of an SLO's ratio: planned maintenance. Never changed: undone, and made anew.
CREATE TABLE corrections (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  -- null: every SLO of the app.
  slo_id int REFERENCES slos (id) ON DELETE CASCADE,
  -- to_minute is exclusive. Of a recurring one: between these it recurs; null: without end.
  from_minute int NOT NULL,
  to_minute int CHECK (to_minute > from_minute),
  -- model/recurrence.ts; null: once
  recurrence jsonb,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
  author text NOT NULL,
  created_at_ms bigint NOT NULL,
  undone_at_ms bigint,
  undone_by text,
  CHECK (to_minute IS NOT NULL OR recurrence IS NOT NULL)
);
CREATE INDEX corrections_app ON corrections (app_id, to_minute);

-- Every change of an alert, of an SLO's tier or of a rule, with the numbers that decided it.
CREATE TABLE alert_transitions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  slo_id int REFERENCES slos (id) ON DELETE CASCADE,
  -- Of rules, and their key (a dyno, a code …).
  rule_id int,
  key text NOT NULL DEFAULT '',
  -- Number of the tier in the version's definition, 0 for rules.
  tier smallint NOT NULL,
  severity text NOT NULL,
  -- The evaluation that decided.
  minute int NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  -- model/alert.ts, TransitionReason
  reason text NOT NULL,
  -- model/alert-change.ts, Evidence
  numbers jsonb NOT NULL DEFAULT '{}',
  at_ms bigint NOT NULL,
  CHECK ((slo_id IS NULL) <> (rule_id IS NULL))
);
-- An evaluation made twice says what was said.
CREATE UNIQUE INDEX alert_transitions_slo ON alert_transitions (slo_id, tier, minute, reason) WHERE slo_id IS NOT NULL;
CREATE UNIQUE INDEX alert_transitions_rule ON alert_transitions (rule_id, key, tier, minute, reason)
  WHERE rule_id IS NOT NULL;
CREATE INDEX alert_transitions_app ON alert_transitions (app_id, at_ms);
