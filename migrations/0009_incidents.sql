-- Incidents and who is told: routes, escalation, who is on call, silences.

-- What people see of an alert. One row over all its reopenings; at most one open row a subject.
CREATE TABLE incidents (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- How people call it: #214.
  number int GENERATED ALWAYS AS IDENTITY UNIQUE,
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  -- model/alert-change.ts, subjectText: 'slo:12', 'rule:7:web.1', 'budget:12:25'
  subject text NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('slo', 'rule', 'budget')),
  slo_id int,
  rule_id int,
  -- Dyno, code, add-on …; '' for the whole.
  key text NOT NULL DEFAULT '',
  title text NOT NULL,
  -- 'page', 'ticket', 'info': the worst that fires; of a resolved one the last.
  severity text NOT NULL,
  -- The worst since it was opened, or reopened.
  worst_severity text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  -- While data is missing: why ('noData', 'gap', 'stale') and since when. The rest is what was known last.
  held_reason text,
  held_since_ms bigint,
  opened_at_ms bigint NOT NULL,
  -- Start of this opening: the same, or the last reopening.
  started_at_ms bigint NOT NULL,
  -- How often it was reopened, and when in the last two hours.
  reopened int NOT NULL DEFAULT 0,
  reopened_at_ms bigint[] NOT NULL DEFAULT '{}',
  acknowledged_at_ms bigint,
  acknowledged_by text,
  acknowledged_reason text,
  snoozed_until_ms bigint,
  snoozed_by text,
  resolved_at_ms bigint,
  -- The person who resolved it; null when it recovered.
  resolved_by text,
  resolve_reason text,
  -- Set while its coming and going is not told any more.
  flapping_since_ms bigint,
  -- Last change of its alert, for an hour of quiet.
  changed_at_ms bigint NOT NULL,
  -- Found that much later than it began, because nobody could evaluate.
  detected_late_ms bigint NOT NULL DEFAULT 0,
  -- Fired and ended while nobody could evaluate: listed, never told.
  is_over_before_told boolean NOT NULL DEFAULT false,
  -- Counted up with everything that is told: the order of its notifications.
  sequence int NOT NULL DEFAULT 0,
  -- What receivers believe: that it is open with this severity; null: that it is over, or they never heard of it.
  told_severity text,
  -- Messages of the last hour and the last one, when they were enqueued.
  told_at_ms bigint[] NOT NULL DEFAULT '{}',
  -- Why receivers do not know of it: a silence or maintenance ('silence'), or no route leads anywhere ('noRoute').
  withheld text CHECK (withheld IN ('silence', 'noRoute')),
  -- Who is told of what becomes of it: receivers of the routes and levels used so far.
  receiver_ids int[] NOT NULL DEFAULT '{}',
  -- When the next reminder is due, or the end of a snooze or of flapping is to be seen to; null: nothing to come.
  next_at_ms bigint,
  -- model/alert-change.ts, Evidence: numbers of the deciding moment.
  evidence jsonb NOT NULL,
  -- What people say it was caused by: {"release": 214, "by": "…", "atMs": …}
  cause jsonb
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX incidents_open ON incidents (subject) WHERE state <> 'resolved';
-- The last of a subject, to reopen it.
CREATE INDEX incidents_subject ON incidents (subject, opened_at_ms DESC);
CREATE INDEX incidents_app ON incidents (app_id, opened_at_ms DESC);
CREATE INDEX incidents_opened ON incidents (opened_at_ms DESC);
CREATE INDEX incidents_due ON incidents (next_at_ms) WHERE next_at_ms IS NOT NULL;

-- The timeline of an incident, which writes itself.
CREATE TABLE incident_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id uuid NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  at_ms bigint NOT NULL,
  -- model/incident.ts, INCIDENT_EVENT_KINDS
  kind text NOT NULL,
  -- A person's or a receiver's name; '' for Drainboard itself.
  actor text NOT NULL DEFAULT '',
  detail jsonb NOT NULL DEFAULT '{}',
  -- What may be entered twice (a delivery) counts once; null for the rest.
  dedupe_key text
);
CREATE INDEX incident_events_incident ON incident_events (incident_id, at_ms, id);
CREATE UNIQUE INDEX incident_events_dedupe ON incident_events (incident_id, dedupe_key)
  WHERE dedupe_key IS NOT NULL;

-- Times in which what matches is not told. Alerts and incidents go on as ever, and are seen.
CREATE TABLE silences (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- 'silence'; 'maintenance': planned, shown on charts too
  kind text NOT NULL CHECK (kind IN ('silence', 'maintenance')),
  title text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  author text NOT NULL,
  -- model/silence.ts, SilenceMatch
  match jsonb NOT NULL,
  -- Bounds of the whole; a repeated one is active in its spans between them only.
  starts_at_ms bigint NOT NULL,
  ends_at_ms bigint NOT NULL CHECK (ends_at_ms > starts_at_ms),
  -- model/recurrence.ts, Recurrence; null: active throughout
  recurrence jsonb,
  -- Maintenance: its minutes leave the budgets of the apps it names.
  corrects_budgets boolean NOT NULL DEFAULT false,
  created_at_ms bigint NOT NULL,
  -- Ended early, or never wanted: kept for the record.
  ended_at_ms bigint,
  ended_by text
);
CREATE INDEX silences_live ON silences (ends_at_ms) WHERE ended_at_ms IS NULL;

-- Who is on call: layers of rotations in a time zone, and exceptions.
CREATE TABLE schedules (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- model/schedule.ts, ScheduleDefinition
  definition jsonb NOT NULL,
  -- Counted up with each change.
  version int NOT NULL DEFAULT 1,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  removed_at_ms bigint
);
CREATE UNIQUE INDEX schedules_name ON schedules (lower(name)) WHERE removed_at_ms IS NULL;

CREATE TABLE schedule_overrides (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  schedule_id int NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
  person_id uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  starts_at_ms bigint NOT NULL,
  ends_at_ms bigint NOT NULL CHECK (ends_at_ms > starts_at_ms),
  reason text NOT NULL DEFAULT '',
  author text NOT NULL DEFAULT '',
  created_at_ms bigint NOT NULL
);
CREATE INDEX schedule_overrides_schedule ON schedule_overrides (schedule_id, ends_at_ms);

-- How a person who is on call is reached: receivers of theirs.
CREATE TABLE person_receivers (
  person_id uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  receiver_id int NOT NULL,
  PRIMARY KEY (person_id, receiver_id)
);

-- Whom to tell one after the other until somebody acknowledges.
CREATE TABLE escalation_policies (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- model/escalation.ts, EscalationDefinition
  definition jsonb NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  removed_at_ms bigint
);
CREATE UNIQUE INDEX escalation_policies_name ON escalation_policies (lower(name)) WHERE removed_at_ms IS NULL;

-- Escalations under way: one an incident and policy, from the opening until acknowledged, resolved or done.
CREATE TABLE escalations (
  incident_id uuid NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  policy_id int NOT NULL REFERENCES escalation_policies (id) ON DELETE CASCADE,
  -- model/escalation.ts, EscalationState: the level that is told next, from 0, and the round, from 0
  level int NOT NULL,
  round int NOT NULL,
  next_at_ms bigint NOT NULL,
  PRIMARY KEY (incident_id, policy_id)
) WITH (fillfactor = 70);
CREATE INDEX escalations_due ON escalations (next_at_ms);

-- Who gets what. All routes that match count; the fallback only where none does.
CREATE TABLE notification_routes (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- For people: the order they are shown in.
  position int NOT NULL DEFAULT 0,
  is_enabled boolean NOT NULL DEFAULT true,
  is_fallback boolean NOT NULL DEFAULT false,
  -- Empty arrays match everything.
  app_ids int[] NOT NULL DEFAULT '{}',
  severities text[] NOT NULL DEFAULT '{}',
  subject_kinds text[] NOT NULL DEFAULT '{}',
  -- Who is told at once and of everything that becomes of it; ids of receivers and escalation_policies.
  receiver_ids int[] NOT NULL DEFAULT '{}',
  escalation_policy_ids int[] NOT NULL DEFAULT '{}',
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL
);
CREATE UNIQUE INDEX notification_routes_fallback ON notification_routes (is_fallback) WHERE is_fallback;
