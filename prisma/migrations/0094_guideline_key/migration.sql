-- A name for programs: guideline files find the guideline again by it, whatever it is called for people.
-- The owner, too, sees rows of organisations only where policies are not forced.
ALTER TABLE guideline NO FORCE ROW LEVEL SECURITY;
ALTER TABLE guideline ADD COLUMN key text;

WITH slug AS (
  SELECT organization_id, id, brand_id, created_at,
    coalesce(nullif(btrim(left(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), 55), '-'), ''), 'guideline') AS word
  FROM guideline
),
numbered AS (
  SELECT organization_id, id, word, row_number() OVER (PARTITION BY organization_id, brand_id, word ORDER BY created_at, id) AS n FROM slug
)
UPDATE guideline g SET key = CASE WHEN s.n = 1 THEN s.word ELSE s.word || '-' || s.n END
FROM numbered s WHERE g.organization_id = s.organization_id AND g.id = s.id;

-- "x 2" and the second "x" would both be "x-2": such keys are told apart by their ids.
UPDATE guideline g SET key = left(g.key, 50) || '-' || left(g.id::text, 8)
WHERE EXISTS (SELECT 1 FROM guideline o WHERE o.organization_id = g.organization_id AND o.brand_id = g.brand_id AND o.key = g.key AND o.id < g.id);

ALTER TABLE guideline ALTER COLUMN key SET DEFAULT 'guideline-' || left(gen_random_uuid()::text, 8);
ALTER TABLE guideline ALTER COLUMN key SET NOT NULL;
ALTER TABLE guideline ADD CONSTRAINT guideline_key_check CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$');
CREATE UNIQUE INDEX guideline_key ON guideline (organization_id, brand_id, key);
ALTER TABLE guideline FORCE ROW LEVEL SECURITY;
