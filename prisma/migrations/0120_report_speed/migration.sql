-- Reports read what changed by sums, and what fails by an index alone.

-- What each change did to the findings of a rule, by reason: for trends, which are sums over the changes of some days. Made from finding_history when
-- the change is sealed, never changed, and compared with it by `vitrine compliance verify`.
CREATE TABLE finding_change_count (
  organization_id uuid NOT NULL,
  change_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  brand_id uuid NOT NULL,
  cause text NOT NULL,
  -- pairs of an asset and the rule: differences to what was before
  applicable int NOT NULL,
  judged int NOT NULL,
  passed int NOT NULL,
  failed int NOT NULL,
  -- pairs that came to fail, and that ceased to
  opened int NOT NULL,
  closed int NOT NULL,
  PRIMARY KEY (organization_id, change_id, rule_id, cause),
  FOREIGN KEY (organization_id, change_id) REFERENCES history_change (organization_id, id)
);

-- The rows of `finding_change_count` for a change, from its history. A pair that changed several times in it counts once: from what it was before the
-- first time to what it is after the last, for the last reason.
CREATE FUNCTION finding_change_counts(organization uuid, change uuid)
RETURNS TABLE (rule_id uuid, brand_id uuid, cause text, applicable int, judged int, passed int, failed int, opened int, closed int)
LANGUAGE sql STABLE
-- A change may have ten rows or millions, and no statistics tell: summing by hash is quick for both.
SET enable_sort = off SET enable_nestloop = off SET jit = off AS $$
  WITH sums AS MATERIALIZED (
    SELECT h.rule_id, h.brand_id, h.cause, h.previous_verdict AS before, h.verdict AS after, count(*) AS n
    FROM finding_history h WHERE h.organization_id = organization AND h.change_id = change GROUP BY 1, 2, 3, 4, 5
  ),
  -- where all is new, nothing can have changed twice
  fresh AS MATERIALIZED (SELECT bool_and(s.before IS NULL AND s.after IS NOT NULL) AS whole FROM sums s),
  pair AS MATERIALIZED (
    SELECT h.asset_id, h.rule_id, h.brand_id, min(h.cause) AS cause, min(h.previous_verdict) AS before, min(h.verdict) AS after, count(*) AS times
    FROM finding_history h WHERE h.organization_id = organization AND h.change_id = change AND NOT (SELECT f.whole FROM fresh f) GROUP BY 1, 2, 3
  ),
  step AS (
    SELECT s.rule_id, s.brand_id, s.cause, s.before, s.after, s.n FROM sums s WHERE (SELECT f.whole FROM fresh f)
    UNION ALL
    SELECT p.rule_id, p.brand_id, p.cause, p.before, p.after, 1 FROM pair p WHERE p.times = 1
    UNION ALL
    SELECT h.rule_id, h.brand_id, (array_agg(h.cause ORDER BY h.id DESC))[1], (array_agg(h.previous_verdict ORDER BY h.id))[1],
      (array_agg(h.verdict ORDER BY h.id DESC))[1], 1
    FROM pair p JOIN finding_history h ON h.organization_id = organization AND h.change_id = change AND h.asset_id = p.asset_id AND h.rule_id = p.rule_id
    WHERE p.times > 1 GROUP BY h.asset_id, h.rule_id, h.brand_id
  ),
  known AS (
    SELECT s.rule_id, s.brand_id, s.cause, s.n, s.before IS DISTINCT FROM 'FAIL' AND s.after = 'FAIL' AS opened,
      s.before = 'FAIL' AND s.after IS DISTINCT FROM 'FAIL' AS closed,
      coalesce(s.after <> 'NOT_APPLICABLE', false)::int - coalesce(s.before <> 'NOT_APPLICABLE', false)::int AS applicable,
      coalesce(s.after IN ('PASS', 'FAIL', 'NEEDS_REVIEW', 'WAIVED'), false)::int - coalesce(s.before IN ('PASS', 'FAIL', 'NEEDS_REVIEW', 'WAIVED'), false)::int AS judged,
      coalesce(s.after = 'PASS', false)::int - coalesce(s.before = 'PASS', false)::int AS passed,
      coalesce(s.after = 'FAIL', false)::int - coalesce(s.before = 'FAIL', false)::int AS failed
    FROM step s
  )
  SELECT k.rule_id, k.brand_id, k.cause, sum(k.n * k.applicable)::int, sum(k.n * k.judged)::int, sum(k.n * k.passed)::int, sum(k.n * k.failed)::int,
    coalesce(sum(k.n) FILTER (WHERE k.opened), 0)::int, coalesce(sum(k.n) FILTER (WHERE k.closed), 0)::int
  FROM known k GROUP BY 1, 2, 3
$$;

-- As before (0035); the sums are made before the chain is locked, like the digest.
CREATE OR REPLACE FUNCTION history_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE made bytea := history_digest(NEW.organization_id, NEW.id); head history_link; at timestamptz(3);
BEGIN
  INSERT INTO finding_change_count SELECT NEW.organization_id, NEW.id, c.* FROM finding_change_counts(NEW.organization_id, NEW.id) c;
  PERFORM pg_advisory_xact_lock(hashtextextended('history ' || NEW.organization_id, 0));
  SELECT * INTO head FROM history_link WHERE organization_id = NEW.organization_id ORDER BY sequence DESC LIMIT 1;
  at := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at + interval '1 millisecond');
  INSERT INTO history_link (organization_id, sequence, change_id, recorded_at, digest, hash)
  VALUES (NEW.organization_id, coalesce(head.sequence, 0) + 1, NEW.id, at, made,
    history_hash(head.hash, coalesce(head.sequence, 0) + 1, NEW.id, at, made));
  RETURN NULL;
END $$;

-- What is there already.
ALTER TABLE finding_history NO FORCE ROW LEVEL SECURITY;
ALTER TABLE history_change NO FORCE ROW LEVEL SECURITY;
INSERT INTO finding_change_count SELECT h.organization_id, h.id, c.* FROM history_change h CROSS JOIN LATERAL finding_change_counts(h.organization_id, h.id) c;
ALTER TABLE finding_history FORCE ROW LEVEL SECURITY;
ALTER TABLE history_change FORCE ROW LEVEL SECURITY;

ALTER TABLE finding_change_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE finding_change_count FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON finding_change_count USING (organization_id = app_organization_id()) WITH CHECK (organization_id = (SELECT app_organization_id()));
GRANT SELECT, INSERT ON finding_change_count TO vitrine_app;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON finding_change_count FOR EACH STATEMENT EXECUTE FUNCTION history_is_kept();

-- How long pairs fail is told from the rows at which they begin and cease to: all that is read of them is in the index.
DROP INDEX finding_history_failed;
CREATE INDEX finding_history_broken ON finding_history (organization_id, asset_id, rule_id, id) INCLUDE (change_id, verdict)
  WHERE (verdict IN ('FAIL', 'WAIVED') OR previous_verdict IN ('FAIL', 'WAIVED')) AND verdict IS DISTINCT FROM previous_verdict;

-- Reports count all findings of a brand. What they count is in the key's index, a tenth of the table, in the order of the versions.
ALTER TABLE finding DROP CONSTRAINT finding_pkey,
  ADD CONSTRAINT finding_pkey PRIMARY KEY (organization_id, version_id, rule_id) INCLUDE (verdict_rank, model_revision_id);
