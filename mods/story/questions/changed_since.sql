-- Which feelings, hands and lives changed after the end of :since, up to that of :time.
SELECT 'feels' AS what, who AS subject, whom AS other, sum(trust) AS trust,
    sum(affection) AS affection, sum(respect) AS respect, sum(fear) AS fear
FROM story__valence
WHERE time > :since || '~' AND time <= :time || '~'
GROUP BY who, whom
UNION ALL
SELECT 'holds', item, taker, NULL, NULL, NULL, NULL
FROM (
    SELECT item, taker, row_number() OVER told AS nth
    FROM story__moves
    WHERE time > :since || '~' AND time <= :time || '~'
    WINDOW told AS (PARTITION BY item ORDER BY time DESC, seq DESC, event DESC)
)
WHERE nth = 1
UNION ALL
SELECT iif(is_alive, 'lives', 'dies'), who, NULL, NULL, NULL, NULL, NULL
FROM (
    SELECT who, is_alive, row_number() OVER told AS nth
    FROM story__lives
    WHERE time > :since || '~' AND time <= :time || '~'
    WINDOW told AS (PARTITION BY who ORDER BY time DESC, seq DESC, event DESC)
)
WHERE nth = 1
ORDER BY what, subject, other
