-- What people decided about how long things are kept, and fire drills.

-- Shorter than the environment says, for the whole instance (no app) or for one app. No row: as the environment says.
CREATE TABLE retention_settings (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id int REFERENCES apps (id) ON DELETE CASCADE,
  -- model/retention.ts, RETENTION_TIERS
  tier text NOT NULL,
  keep_ms bigint NOT NULL CHECK (keep_ms > 0),
  -- As people know who decided it, and when.
  author text NOT NULL DEFAULT '',
  updated_at_ms bigint NOT NULL
);
CREATE UNIQUE INDEX retention_settings_what ON retention_settings (coalesce(app_id, 0), tier);

-- Up to where an app's own, shorter retention has cut it out of the durable log, which all apps share.
CREATE TABLE app_cuts (
  app_id int PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
  chunks_before_ms bigint NOT NULL
);

-- A fire drill: a rule that always holds is made for an app, and what becomes of it is followed to its end. The rule,
-- its incident and its messages are deleted afterwards; this row is what is left.
CREATE TABLE fire_drills (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  -- Gone when the drill is over.
  rule_id int NOT NULL,
  incident_id uuid,
  -- 'running'; 'ending': its rule is taken away, its incident resolves; 'over': everything of it is deleted
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'ending', 'over')),
  severity text NOT NULL,
  author text NOT NULL,
  started_at_ms bigint NOT NULL,
  -- It ends by itself then, whatever happened.
  ends_at_ms bigint NOT NULL,
  -- Why and when its rule was taken away: 'acknowledged', 'resolved', 'stopped', 'timeout'
  end_reason text,
  ending_at_ms bigint,
  over_at_ms bigint,
  -- model/fire-drill.ts, DrillFacts: what was seen of it, kept when the incident is deleted.
  facts jsonb NOT NULL DEFAULT '{}'
);
-- One at a time for each app, whoever asks.
CREATE UNIQUE INDEX fire_drills_running ON fire_drills (app_id) WHERE state <> 'over';
CREATE INDEX fire_drills_app ON fire_drills (app_id, started_at_ms DESC);
