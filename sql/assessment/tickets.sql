-- Query of tickets.

-- fit_criteria --
-- Whether a pool allows the end criteria of a ticket; no row if there is no such pool.
SELECT f.refused, f.expected
FROM assessment.question_pools p
CROSS JOIN LATERAL assessment.fit_criteria(p.rules, %(end_criteria)s) AS f
WHERE p.id = %(pool_id)s;
