-- Through whose hands :item went up to :time, in order. Without a taker it was left at
-- the place.
SELECT move.time, move.event, move.giver, move.taker, move.place
FROM story__moves AS move
WHERE move.item = :item AND move.time <= :time || '~'
ORDER BY move.time, move.seq, move.event
