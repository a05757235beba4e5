-- Notes of people on a moment or a span of an app, shown among its events.

CREATE TABLE annotations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  app_id int NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  from_ms bigint NOT NULL,
  -- Equal to from_ms for a moment.
  to_ms bigint NOT NULL,
  text text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
  -- As shown; author_id decides who may take it away: a person's id or `token:<id>`.
  author text NOT NULL,
  author_id text NOT NULL,
  created_at_ms bigint NOT NULL,
  CHECK (to_ms >= from_ms)
);
-- Those that touch a range.
CREATE INDEX annotations_app ON annotations (app_id, to_ms);
