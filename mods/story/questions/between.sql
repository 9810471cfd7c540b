-- What changed what :one and :other feel for each other up to :time, in order.
SELECT feels.time, feels.event, feels.who, feels.whom,
    feels.trust, feels.affection, feels.respect, feels.fear, told.text
FROM story__valence AS feels
JOIN story__events AS told ON told.id = feels.event
WHERE (feels.who, feels.whom) IN (VALUES (:one, :other), (:other, :one))
    AND feels.time <= :time || '~'
ORDER BY feels.time, feels.seq, feels.event, feels.who
