-- Delivery of notifications, and what watches over it.

-- Places that can be told something: a channel, a service, an address.
CREATE TABLE receivers (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- model/delivery.ts, RECEIVER_KINDS
  kind text NOT NULL,
  -- What is no secret: addresses, channel names, switches.
  settings jsonb NOT NULL DEFAULT '{}',
  -- JSON of name to secret, boxed by store/secret-box.ts with public_id as associated data; null: none.
  secrets bytea,
  -- Names of the secrets that are set: all that is ever shown of them.
  secret_names text[] NOT NULL DEFAULT '{}',
  is_enabled boolean NOT NULL DEFAULT true,
  -- Also told of troubles of Drainboard itself and of other receivers.
  tells_owners boolean NOT NULL DEFAULT false,
  -- ok; unhealthy: refused us, still tried; broken: not tried until somebody repairs it
  health text NOT NULL DEFAULT 'ok' CHECK (health IN ('ok', 'unhealthy', 'broken')),
  health_reason text NOT NULL DEFAULT '',
  health_since_ms bigint,
  -- Answers 404 or 410 in a row (A-05).
  gone_in_a_row int NOT NULL DEFAULT 0,
  last_delivered_at_ms bigint,
  last_failed_at_ms bigint,
  created_by text NOT NULL DEFAULT '',
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  -- Kept for the log of what it was told.
  removed_at_ms bigint
);
CREATE UNIQUE INDEX receivers_name ON receivers (lower(name)) WHERE removed_at_ms IS NULL;

-- The outbox: one message to one receiver. Written in the transaction of what it tells.
CREATE TABLE notifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The id of the delivery, the same over all attempts.
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  -- Made by whoever enqueues: the same twice is one message.
  dedupe_key text NOT NULL UNIQUE CHECK (length(dedupe_key) <= 300),
  -- null: not of an incident (test, watch, digest, change)
  incident_id uuid,
  -- Grows within an incident; the order in which a receiver is told.
  sequence int NOT NULL DEFAULT 0,
  receiver_id int NOT NULL REFERENCES receivers (id) ON DELETE CASCADE,
  -- model/delivery.ts, NOTIFICATION_KINDS
  kind text NOT NULL,
  -- 'page', 'ticket', 'info'; null where there is none
  severity text,
  -- Facts that the incident does not hold: of a test, a watch alert, a release.
  details jsonb NOT NULL DEFAULT '{}',
  created_at_ms bigint NOT NULL,
  due_at_ms bigint NOT NULL,
  -- waiting; sending: claimed; delivered; dead: given up; dropped: not to be sent any more;
  -- merged: told by merged_into
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'sending', 'delivered', 'dead', 'dropped', 'merged')),
  merged_into bigint,
  -- Of the last attempt, or why it is dropped or dead.
  reason text NOT NULL DEFAULT '',
  -- Not tried before: backoff, Retry-After, the receiver's rate.
  next_at_ms bigint NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  first_attempt_at_ms bigint,
  last_attempt_at_ms bigint,
  finished_at_ms bigint,
  -- An earlier attempt may have arrived: the connection or the process ended before its answer was recorded.
  may_repeat boolean NOT NULL DEFAULT false,
  -- Who sends it now and until when, by the database's clock; the number grows with each claim and fences (K-15).
  claimed_by text,
  claimed_until timestamptz,
  claim int NOT NULL DEFAULT 0,
  -- What the receiver gave for it: {"channel": "C1", "ts": "1.2"}
  reference jsonb,
  replay_of bigint
) WITH (fillfactor = 70);
-- What is still to be sent, asked for each second: a handful of rows.
CREATE INDEX notifications_open ON notifications (next_at_ms) WHERE state IN ('waiting', 'sending');
CREATE INDEX notifications_of_incident ON notifications (incident_id, receiver_id, sequence)
  WHERE incident_id IS NOT NULL;
CREATE INDEX notifications_of_receiver ON notifications (receiver_id, id DESC);
-- When a place was last told that something opened.
CREATE INDEX notifications_openings ON notifications (receiver_id, last_attempt_at_ms)
  WHERE kind IN ('trigger', 'digest') AND state IN ('sending', 'delivered');
CREATE INDEX notifications_dead ON notifications (finished_at_ms) WHERE state = 'dead';

-- One try to send one notification.
CREATE TABLE attempts (
  notification_id bigint NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
  number int NOT NULL,
  at_ms bigint NOT NULL,
  took_ms int,
  -- null: under way, or its process died. delivered, retry, permanent, disable, lost
  outcome text,
  -- HTTP or SMTP status, when there was an answer.
  status int,
  reason text NOT NULL DEFAULT '',
  -- First 2 KiB, secrets taken out; for admins only.
  answer text,
  holder text NOT NULL DEFAULT '',
  PRIMARY KEY (notification_id, number)
);

-- How fast a place may be told things, over all processes: a bucket of tokens by a keyed hash of the place.
CREATE TABLE delivery_buckets (
  name text PRIMARY KEY,
  tokens real NOT NULL,
  filled_at_ms bigint NOT NULL,
  -- Retry-After of the place, for everything that goes there.
  blocked_until_ms bigint NOT NULL DEFAULT 0
);

-- Signs of life of the parts that watch over apps, each written over in place (SLO.md 8).
CREATE TABLE watch_signs (
  -- 'evaluation', 'delivery', 'heartbeat', 'probe' …
  name text PRIMARY KEY,
  at_ms bigint NOT NULL,
  details jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);

-- Troubles of Drainboard's own alerting: what was told of them, by whichever process saw it first.
CREATE TABLE watch_alerts (
  name text PRIMARY KEY,
  is_firing boolean NOT NULL,
  -- Counted up at each change: part of the dedupe key of what is told.
  episode int NOT NULL DEFAULT 1,
  since_ms bigint NOT NULL,
  seen_at_ms bigint NOT NULL,
  details jsonb NOT NULL DEFAULT '{}'
);
