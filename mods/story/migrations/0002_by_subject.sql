-- All in which a subject had a part, in the order of the story, and all that belongs to an
-- event, without going through all rows.

CREATE INDEX story__events_by_place ON story__events (place, time, seq, id);
CREATE INDEX story__valence_by_who ON story__valence (who, time, seq, event);
CREATE INDEX story__valence_by_whom ON story__valence (whom, time, seq, event);
CREATE INDEX story__valence_by_event ON story__valence (event);
CREATE INDEX story__moves_by_giver ON story__moves (giver, time, seq, event);
CREATE INDEX story__moves_by_taker ON story__moves (taker, time, seq, event);
CREATE INDEX story__moves_by_event ON story__moves (event);
CREATE INDEX story__lives_by_event ON story__lives (event);
