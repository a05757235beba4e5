-- People, sessions, API tokens, the one-time set-up, the audit log.

CREATE TABLE instance (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  -- Set when the first admin was made: the set-up token is dead from then on.
  claimed_at_ms bigint,
  base_url text
);
INSERT INTO instance DEFAULT VALUES;

CREATE TABLE people (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) <= 254),
  display_name text NOT NULL DEFAULT '',
  -- 'viewer', 'editor', 'admin'
  role text NOT NULL,
  -- argon2id in PHC form
  password_hash text NOT NULL,
  created_at_ms bigint NOT NULL,
  disabled_at_ms bigint
);

CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  person_id uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  created_at_ms bigint NOT NULL,
  -- Last proof of the password, for actions that need a fresh one.
  fresh_at_ms bigint NOT NULL,
  last_seen_at_ms bigint NOT NULL,
  user_agent text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_person ON sessions (person_id);

CREATE TABLE api_tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  token_hash bytea NOT NULL UNIQUE,
  name text NOT NULL DEFAULT '',
  -- 'viewer', 'editor', 'admin'
  role text NOT NULL,
  created_by uuid REFERENCES people (id) ON DELETE SET NULL,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  last_used_at_ms bigint,
  revoked_at_ms bigint
);

-- Failed sign-ins by account and by address, counted per window (SEC-19).
CREATE TABLE sign_in_failures (
  subject text NOT NULL,
  window_s int NOT NULL,
  failures int NOT NULL,
  PRIMARY KEY (subject, window_s)
);

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at_ms bigint NOT NULL,
  -- person id, token id, 'cli', 'setup'
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  before jsonb,
  after jsonb
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is insert-only';
END $$;
CREATE TRIGGER audit_log_insert_only BEFORE UPDATE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
