-- Every event as the line that it came as, in the order of the story.
WITH actors AS (
    SELECT event, json_group_array(json_object('who', who, 'role', role)) AS list
    FROM story__parts GROUP BY event
),
items AS (
    SELECT event, json_group_array(json_object('what', item, 'from', giver, 'to', taker)) AS list
    FROM story__moves GROUP BY event
),
valence AS (
    SELECT event, json_group_array(json_object('from', who, 'to', whom, 'trust', trust,
        'affection', affection, 'respect', respect, 'fear', fear)) AS list
    FROM story__valence GROUP BY event
),
status AS (
    SELECT event, json_group_array(
        json_object('who', who, 'is', iif(is_alive, 'alive', 'dead'))) AS list
    FROM story__lives GROUP BY event
),
named AS (
    SELECT event, json_group_array(
        json_object('kind', kind, 'id', subject, 'name', name)) AS list
    FROM story__names GROUP BY event
)
SELECT json_object(
    'id', told.id, 'time', told.time, 'seq', told.seq, 'action', told.action,
    'place', told.place, 'text', told.text, 'source', told.source,
    'actors', json(actors.list), 'items', json(items.list), 'valence', json(valence.list),
    'status', json(status.list), 'names', json(named.list)) AS line
FROM story__events AS told
LEFT JOIN actors ON actors.event = told.id
LEFT JOIN items ON items.event = told.id
LEFT JOIN valence ON valence.event = told.id
LEFT JOIN status ON status.event = told.id
LEFT JOIN named ON named.event = told.id
ORDER BY told.time, told.seq, told.id
