-- What changed what :one and :other feel for each other up to :time, in order.
SELECT feels.time, feels.event, feels.who, feels.whom,
    feels.trust, feels.affection, feels.respect, feels.fear, told.text
FROM (
    SELECT * FROM story__valence WHERE who = :one AND whom = :other
    UNION ALL
    SELECT * FROM story__valence WHERE who = :other AND whom = :one AND :one <> :other
) AS feels
JOIN story__events AS told ON told.id = feels.event
WHERE feels.time <= :time || '~'
ORDER BY feels.time, feels.seq, feels.event, feels.who
