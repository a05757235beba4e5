-- A year of incidents is listed and looked up by its rule without reading all of them.
CREATE INDEX incidents_rule ON incidents (rule_id, opened_at_ms DESC) WHERE rule_id IS NOT NULL;
CREATE INDEX incidents_listed ON incidents (((state = 'resolved')::int), (-started_at_ms), (-number));
