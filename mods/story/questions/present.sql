-- Who is at :place at :time and trusts :toward by more than :trust thousandths.
WITH last AS (
    SELECT who, place, event, row_number() OVER told AS nth
    FROM story__parts
    WHERE place IS NOT NULL AND time <= :time || '~'
    WINDOW told AS (PARTITION BY who ORDER BY time DESC, seq DESC, event DESC)
),
life AS (
    SELECT who, is_alive, row_number() OVER told AS nth
    FROM story__lives
    WHERE time <= :time || '~'
    WINDOW told AS (PARTITION BY who ORDER BY time DESC, seq DESC, event DESC)
)
SELECT last.who, max(-1000, min(1000, sum(feels.trust))) AS trust, last.event
FROM last
JOIN story__valence AS feels
ON feels.who = last.who AND feels.whom = :toward AND feels.time <= :time || '~'
WHERE last.nth = 1 AND last.place = :place
    AND NOT EXISTS (
        SELECT 1 FROM life WHERE life.who = last.who AND life.nth = 1 AND NOT life.is_alive
    )
GROUP BY last.who, last.event
HAVING max(-1000, min(1000, sum(feels.trust))) > CAST(:trust AS INTEGER)
ORDER BY last.who
