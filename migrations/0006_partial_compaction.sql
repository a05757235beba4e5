-- Minutes of a unit that is still filling are compacted ahead, so that readers of its tail need not add up many small
-- rows: those before this instant (epoch s, a whole minute) are exact in the coarser table although the unit is due.
-- 0, and anything at or before the unit's start: none. Adding it rewrites nothing; version N−1 leaves it alone, and its
-- late rows in such minutes show when the unit is computed as a whole.
ALTER TABLE compactions ADD COLUMN partial_to_s int NOT NULL DEFAULT 0;
