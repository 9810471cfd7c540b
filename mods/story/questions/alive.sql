-- Who lives at :time, of those who were there in an event by then.
WITH RECURSIVE people (who) AS (
    -- One step of the key for each person, and not one for each part.
    SELECT min(who) FROM story__parts
    UNION ALL
    SELECT (SELECT min(who) FROM story__parts WHERE who > people.who)
    FROM people WHERE who IS NOT NULL
)
SELECT who
FROM people
WHERE EXISTS (
        SELECT 1 FROM story__parts AS part
        WHERE part.who = people.who AND is_there AND time <= :time || '~'
    )
    AND (
        SELECT is_alive FROM story__lives AS life
        WHERE life.who = people.who AND time <= :time || '~'
        ORDER BY time DESC, seq DESC, event DESC LIMIT 1
    ) IS NOT 0
ORDER BY who
