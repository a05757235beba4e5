-- Rules: everything that alerts and is no objective's burn; how each thing they watch stands; how far each app is
-- evaluated. A minute is an int: floor(epoch seconds / 60).

CREATE TABLE rules (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  -- model/rule.ts, RULE_KINDS; with it the form of settings.
  kind text NOT NULL,
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  -- 'page', 'ticket', 'info'
  severity text NOT NULL,
  is_on boolean NOT NULL DEFAULT true,
  settings jsonb NOT NULL DEFAULT '{}',
  for_minutes int NOT NULL DEFAULT 0 CHECK (for_minutes BETWEEN 0 AND 1440),
  keep_firing_minutes int NOT NULL DEFAULT 0 CHECK (keep_firing_minutes BETWEEN 0 AND 1440),
  -- 'hold', 'alert', 'ok'
  on_no_data text NOT NULL DEFAULT 'hold',
  runbook_url text NOT NULL DEFAULT '',
  -- Which of the defaults it was made from (model/rule-defaults.ts); null for people's own. Kept through edits.
  default_key text,
  -- Grows with every edit: what is edited while it fires is told once.
  version int NOT NULL DEFAULT 1,
  author text NOT NULL DEFAULT '',
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  -- Deleted by people; the row goes some weeks later.
  removed_at_ms bigint
);
CREATE INDEX rules_app ON rules (app_id);
CREATE UNIQUE INDEX rules_default ON rules (app_id, default_key)
  WHERE default_key IS NOT NULL AND removed_at_ms IS NULL;

-- How far each app is evaluated. The row is claimed with SKIP LOCKED by whoever evaluates the app, and moved on in the
-- transaction that writes what was found.
CREATE TABLE rule_rounds (
  app_id int PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
  -- The evaluation that comes next. Evaluation n sees minutes up to n-1.
  next_minute int NOT NULL,
  -- Which defaults the app has been given, by the number of their list.
  defaults_version int NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX rule_rounds_due ON rule_rounds (next_minute);

-- How one thing that a rule watches stands: a process type, a code, an add-on, or '' for the app. Things that are
-- well have no row. What changed is in alert_transitions.
CREATE TABLE rule_states (
  rule_id int NOT NULL REFERENCES rules (id) ON DELETE CASCADE,
  key text NOT NULL CHECK (length(key) <= 200),
  -- model/alert.ts
  state text NOT NULL,
  since_minute int NOT NULL,
  false_since_minute int,
  held_reason text,
  held_since_minute int,
  -- What was last told to incidents: a severity, or null for nothing open.
  told_severity text,
  -- Version of the rule that was told.
  told_version int NOT NULL DEFAULT 1,
  -- Newest reading, in the rule's unit; null without one.
  value double precision,
  -- Newest evaluation at which there was something to judge by.
  seen_minute int NOT NULL,
  PRIMARY KEY (rule_id, key)
) WITH (fillfactor = 70);
