-- What happened to :who up to :time, in order; the last row with `is_there` says where
-- they are.
SELECT part.time, part.event, told.action, part.role, part.is_there, told.place, told.text,
    (
        SELECT life.is_alive FROM story__lives AS life
        WHERE life.who = :who AND (life.time, life.seq, life.event) <= (part.time, part.seq, part.event)
        ORDER BY life.time DESC, life.seq DESC, life.event DESC LIMIT 1
    ) IS NOT 0 AS is_alive
FROM story__parts AS part
JOIN story__events AS told ON told.id = part.event
WHERE part.who = :who AND part.time <= :time || '~'
ORDER BY part.time, part.seq, part.event, part.role
