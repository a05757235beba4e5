-- Newest release of an app, for the fleet page: without it the newest events are walked back, of which dynos make
-- thousands between two releases.
CREATE INDEX events_release ON events (app_id, at_ms) WHERE kind = 'release';

-- Entries of one subject, newest first.
CREATE INDEX audit_log_at ON audit_log (at_ms);
