-- Who is at :place at :time and trusts :toward by more than :trust thousandths.
WITH RECURSIVE people (who) AS (
    -- One step of the key for each person, and not one for each part.
    SELECT min(who) FROM story__parts
    UNION ALL
    SELECT (SELECT min(who) FROM story__parts WHERE who > people.who)
    FROM people WHERE who IS NOT NULL
),
found AS (
    SELECT who,
        (
            SELECT event FROM story__parts AS part
            WHERE part.who = people.who AND place IS NOT NULL AND time <= :time || '~'
            ORDER BY time DESC, seq DESC, event DESC LIMIT 1
        ) AS event,
        (
            SELECT max(-1000, min(1000, sum(trust))) FROM story__valence AS feels
            WHERE feels.who = people.who AND whom = :toward AND time <= :time || '~'
        ) AS trust,
        (
            SELECT is_alive FROM story__lives AS life
            WHERE life.who = people.who AND time <= :time || '~'
            ORDER BY time DESC, seq DESC, event DESC LIMIT 1
        ) AS is_alive
    FROM people
    WHERE who IS NOT NULL
)
SELECT found.who, found.trust, found.event
FROM found
JOIN story__events AS last ON last.id = found.event
WHERE last.place = :place AND found.is_alive IS NOT 0
    AND found.trust > CAST(:trust AS INTEGER)
ORDER BY found.who
