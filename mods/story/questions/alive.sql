-- Who lives at :time, of those who were there in an event by then.
SELECT DISTINCT part.who
FROM story__parts AS part
WHERE part.is_there AND part.time <= :time || '~'
    AND (
        SELECT life.is_alive FROM story__lives AS life
        WHERE life.who = part.who AND life.time <= :time || '~'
        ORDER BY life.time DESC, life.seq DESC, life.event DESC LIMIT 1
    ) IS NOT 0
ORDER BY part.who
