-- Screens on a wall, each with a link of its own that only reads; labels by which the fleet is grouped.

CREATE TABLE wall_tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  token_hash bytea NOT NULL UNIQUE,
  name text NOT NULL,
  -- The link ends with whoever made it: they may have kept it.
  created_by uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  created_at_ms bigint NOT NULL,
  last_seen_at_ms bigint,
  last_address text NOT NULL DEFAULT '',
  revoked_at_ms bigint
);
CREATE INDEX wall_tokens_person ON wall_tokens (created_by);

CREATE TABLE app_labels (
  app_id int PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
  stage text,
  team text,
  tags text[] NOT NULL DEFAULT '{}'
);
