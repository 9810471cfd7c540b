-- Who was there at :event, and what they feel for each other at :time.
WITH there AS (
    SELECT DISTINCT who FROM story__parts WHERE event = :event AND is_there
)
SELECT one.who, other.who AS whom,
    max(-1000, min(1000, coalesce(sum(feels.trust), 0))) AS trust,
    max(-1000, min(1000, coalesce(sum(feels.affection), 0))) AS affection,
    max(-1000, min(1000, coalesce(sum(feels.respect), 0))) AS respect,
    max(-1000, min(1000, coalesce(sum(feels.fear), 0))) AS fear
FROM there AS one
JOIN there AS other ON other.who <> one.who
LEFT JOIN story__valence AS feels
ON feels.who = one.who AND feels.whom = other.who AND feels.time <= :time || '~'
GROUP BY one.who, other.who
ORDER BY one.who, other.who
