-- What evaluation remembers beside the states of SLOs. A minute is floor(epoch s / 60).

-- First minute whose counts changed after it was evaluated: those evaluations are made once more. null: none.
ALTER TABLE slo_states ADD COLUMN late_from_minute int;
CREATE INDEX slo_states_late ON slo_states (slo_id) WHERE late_from_minute IS NOT NULL;

-- Whether an app's drain is alive, followed minute by minute.
CREATE TABLE app_liveness (
  app_id int PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
  -- Minutes before it have been looked at.
  next_minute int NOT NULL,
  -- First and newest minute with a line of any kind; null before the first line.
  first_line_minute int,
  last_line_minute int,
  -- A drain without a line for so many minutes is silent: from the app's own habit.
  limit_minutes int NOT NULL,
  -- Hour in which the habit was looked at.
  habit_hour int NOT NULL,
  -- As in slo_states.
  late_from_minute int
) WITH (fillfactor = 50);
CREATE INDEX app_liveness_due ON app_liveness (next_minute);

-- Minutes of an app without a live drain: nothing is known of them, they are no zeros. Bounds half open.
CREATE TABLE quiet_spans (
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  from_minute int NOT NULL,
  -- null while it lasts.
  to_minute int,
  -- The first evaluation that could know of it: some minutes without a line are nothing unusual.
  known_minute int NOT NULL,
  PRIMARY KEY (app_id, from_minute)
) WITH (fillfactor = 70);
