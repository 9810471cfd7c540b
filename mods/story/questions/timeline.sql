-- All in which :id, a person, place or item, had a part up to :time.
SELECT told.time, told.id AS event, told.action, told.place, told.text
FROM story__events AS told
WHERE told.time <= :time || '~' AND told.id IN (
    SELECT event FROM story__parts WHERE who = :id
    UNION SELECT event FROM story__moves WHERE :id IN (item, giver, taker)
    UNION SELECT event FROM story__lives WHERE who = :id
    UNION SELECT event FROM story__valence WHERE :id IN (who, whom)
    UNION SELECT id FROM story__events WHERE place = :id
)
ORDER BY told.time, told.seq, told.id
