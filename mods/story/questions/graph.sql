-- Who feels what for whom at :time.
SELECT who, whom,
    max(-1000, min(1000, sum(trust))) AS trust,
    max(-1000, min(1000, sum(affection))) AS affection,
    max(-1000, min(1000, sum(respect))) AS respect,
    max(-1000, min(1000, sum(fear))) AS fear
FROM story__valence
WHERE time <= :time || '~'
GROUP BY who, whom
ORDER BY who, whom
