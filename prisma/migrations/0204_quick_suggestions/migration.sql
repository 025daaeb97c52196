-- The trigram indexes of 0023 could not be used below a policy: what they are asked has lower() and LIKE in it, which were not marked. Both say nothing
-- about rows that they refuse.
DO $$
BEGIN
  ALTER FUNCTION lower(text) LEAKPROOF;
  ALTER FUNCTION textlike(text, text) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'not a superuser: suggestions work, but read all titles';
END $$;
