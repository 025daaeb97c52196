-- What the first page of a library and its filters count is kept, not counted: a narrow row an asset with what it counts under, sums over these rows, and
-- sums over findings. All three are settled when a transaction commits, by its own history, under the lock that makes the history's links: no two
-- transactions settle at once, and none waits for a row of another. `vitrine compliance verify` compares them with what they are of,
-- `vitrine compliance recount` makes them anew.

CREATE TABLE asset_facet (
  organization_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  version_id uuid NOT NULL,
  brand_id uuid,
  kind text NOT NULL,
  media_type text NOT NULL,
  tag_ids int[] NOT NULL,
  -- names of its tags and of all that are above them
  tags text[] NOT NULL,
  -- names of colours that take NAMED_COLOR_SHARE of what is seen
  colors text[] NOT NULL,
  -- finding.verdict_rank of the worst rule; 0: none applies, null: none has judged
  verdict_rank smallint,
  -- weights of the severities of rules that fail (SEVERITY_WEIGHT)
  severity_score int NOT NULL,
  -- rules that apply, that have judged, that pass and that fail
  applicable smallint NOT NULL,
  judged smallint NOT NULL,
  passed smallint NOT NULL,
  failed smallint NOT NULL,
  -- for each of BLOCKER, MAJOR, MINOR and INFO: rules in whose scope it is, and the same four
  standing smallint[] NOT NULL,
  PRIMARY KEY (organization_id, asset_id)
);
CREATE INDEX asset_facet_verdict ON asset_facet (organization_id, verdict_rank) INCLUDE (asset_id, brand_id);

-- Assets by facet and value (OWN_TAG: the id of a tag, without those below it); a value that nothing has any more stays with 0.
CREATE TABLE facet_count (
  organization_id uuid NOT NULL,
  facet text NOT NULL CHECK (facet IN ('TAG', 'OWN_TAG', 'BRAND', 'KIND', 'MEDIA_TYPE', 'COLOR', 'VERDICT')),
  value text NOT NULL,
  assets int NOT NULL CHECK (assets >= 0),
  PRIMARY KEY (organization_id, facet, value)
);

-- Findings by rule and verdict.
CREATE TABLE finding_count (
  organization_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  verdict text NOT NULL,
  findings int NOT NULL CHECK (findings >= 0),
  PRIMARY KEY (organization_id, rule_id, verdict)
);

-- Assets whose rows have to be settled though no history tells of it: a row lives from the statement to the end of its transaction.
CREATE TABLE facet_due (
  organization_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  PRIMARY KEY (organization_id, asset_id)
);

-- What an asset counts under: one row a value. The columns one by one: handed over as a row, PostgreSQL 18 refuses plans of it.
CREATE FUNCTION facet_values(kind text, media_type text, brand_id uuid, tag_ids int[], tags text[], colors text[], verdict_rank smallint)
RETURNS TABLE (facet text, value text) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 'KIND', $1
  UNION ALL SELECT 'MEDIA_TYPE', $2
  UNION ALL SELECT 'BRAND', $3::text WHERE $3 IS NOT NULL
  UNION ALL SELECT 'OWN_TAG', unnest($4)::text
  UNION ALL SELECT 'TAG', unnest($5)
  UNION ALL SELECT 'COLOR', unnest($6)
  -- as the filter has it: rules are brands'
  UNION ALL SELECT 'VERDICT', (ARRAY['PASS', 'WAIVED', 'NOT_EVALUATED', 'NEEDS_REVIEW', 'ERROR', 'FAIL'])[$7] WHERE $7 > 0 AND $3 IS NOT NULL
$$;

-- The rows of asset_facet as they have to be.
CREATE FUNCTION asset_facets(organization uuid, assets uuid[]) RETURNS SETOF asset_facet LANGUAGE sql STABLE AS $$
  SELECT a.organization_id, a.id, a.current_version_id, a.brand_id, a.kind, a.media_type, a.tag_ids,
    ARRAY(SELECT DISTINCT array_to_string(s.steps[1:n], '/') FROM tag g CROSS JOIN LATERAL (SELECT string_to_array(g.name, '/') AS steps) s
      CROSS JOIN LATERAL generate_series(1, cardinality(s.steps)) AS n WHERE g.organization_id = organization AND g.id = ANY (a.tag_ids) ORDER BY 1),
    ARRAY(SELECT c.name FROM version_color c WHERE c.organization_id = organization AND c.version_id = a.current_version_id
      GROUP BY c.name HAVING sum(c.share) >= 0.1 - 1e-9 ORDER BY 1),
    s.verdict_rank, s.score, s.applicable, s.judged, s.passed, s.failed, s.standing
  FROM unnest(assets) AS k (id) JOIN asset a ON a.organization_id = organization AND a.id = k.id CROSS JOIN LATERAL (
    SELECT max(coalesce(f.verdict_rank, 0))::smallint AS verdict_rank,
      coalesce(sum(CASE f.severity WHEN 'BLOCKER' THEN 100 WHEN 'MAJOR' THEN 10 WHEN 'MINOR' THEN 3 ELSE 1 END) FILTER (WHERE f.verdict_rank = 6), 0)::int AS score,
      count(f.verdict_rank)::smallint AS applicable, count(*) FILTER (WHERE f.verdict_rank IN (1, 2, 4, 6))::smallint AS judged,
      count(*) FILTER (WHERE f.verdict_rank = 1)::smallint AS passed, count(*) FILTER (WHERE f.verdict_rank = 6)::smallint AS failed,
      ARRAY[
        count(*) FILTER (WHERE f.severity = 'BLOCKER'), count(*) FILTER (WHERE f.severity = 'BLOCKER' AND f.verdict_rank > 0),
        count(*) FILTER (WHERE f.severity = 'BLOCKER' AND f.verdict_rank IN (1, 2, 4, 6)), count(*) FILTER (WHERE f.severity = 'BLOCKER' AND f.verdict_rank = 1),
        count(*) FILTER (WHERE f.severity = 'BLOCKER' AND f.verdict_rank = 6),
        count(*) FILTER (WHERE f.severity = 'MAJOR'), count(*) FILTER (WHERE f.severity = 'MAJOR' AND f.verdict_rank > 0),
        count(*) FILTER (WHERE f.severity = 'MAJOR' AND f.verdict_rank IN (1, 2, 4, 6)), count(*) FILTER (WHERE f.severity = 'MAJOR' AND f.verdict_rank = 1),
        count(*) FILTER (WHERE f.severity = 'MAJOR' AND f.verdict_rank = 6),
        count(*) FILTER (WHERE f.severity = 'MINOR'), count(*) FILTER (WHERE f.severity = 'MINOR' AND f.verdict_rank > 0),
        count(*) FILTER (WHERE f.severity = 'MINOR' AND f.verdict_rank IN (1, 2, 4, 6)), count(*) FILTER (WHERE f.severity = 'MINOR' AND f.verdict_rank = 1),
        count(*) FILTER (WHERE f.severity = 'MINOR' AND f.verdict_rank = 6),
        count(*) FILTER (WHERE f.severity = 'INFO'), count(*) FILTER (WHERE f.severity = 'INFO' AND f.verdict_rank > 0),
        count(*) FILTER (WHERE f.severity = 'INFO' AND f.verdict_rank IN (1, 2, 4, 6)), count(*) FILTER (WHERE f.severity = 'INFO' AND f.verdict_rank = 1),
        count(*) FILTER (WHERE f.severity = 'INFO' AND f.verdict_rank = 6)]::smallint[] AS standing
    FROM finding f WHERE f.organization_id = organization AND f.version_id = a.current_version_id) s
$$;

-- Brings the rows of these assets up to date, and the sums by the difference. By the thousand: the plan is one that is made for few.
CREATE FUNCTION settle_facets(organization uuid, assets uuid[]) RETURNS void LANGUAGE plpgsql SET jit = off AS $$
DECLARE batch uuid[]; at int := 1;
BEGIN
  WHILE at <= cardinality(assets) LOOP
    batch := assets[at:at + 999];
    at := at + 1000;
    WITH fresh AS MATERIALIZED (SELECT * FROM asset_facets(organization, batch)),
    known AS MATERIALIZED (SELECT f.* FROM unnest(batch) AS k (id) JOIN asset_facet f ON f.organization_id = organization AND f.asset_id = k.id),
    gone AS (DELETE FROM asset_facet f USING known k WHERE f.organization_id = organization AND f.asset_id = k.asset_id
      AND NOT EXISTS (SELECT 1 FROM fresh n WHERE n.asset_id = k.asset_id)),
    put AS (
      INSERT INTO asset_facet SELECT n.* FROM fresh n LEFT JOIN known k ON k.asset_id = n.asset_id WHERE n IS DISTINCT FROM k
      ON CONFLICT (organization_id, asset_id) DO UPDATE SET version_id = EXCLUDED.version_id, brand_id = EXCLUDED.brand_id, kind = EXCLUDED.kind,
        media_type = EXCLUDED.media_type, tag_ids = EXCLUDED.tag_ids, tags = EXCLUDED.tags, colors = EXCLUDED.colors, verdict_rank = EXCLUDED.verdict_rank,
        severity_score = EXCLUDED.severity_score, applicable = EXCLUDED.applicable, judged = EXCLUDED.judged, passed = EXCLUDED.passed, failed = EXCLUDED.failed,
        standing = EXCLUDED.standing),
    difference AS (
      SELECT d.facet, d.value, sum(d.n)::int AS n FROM (
        SELECT v.facet, v.value, 1 AS n FROM fresh n CROSS JOIN LATERAL facet_values(n.kind, n.media_type, n.brand_id, n.tag_ids, n.tags, n.colors, n.verdict_rank) v
        UNION ALL SELECT v.facet, v.value, -1 FROM known k CROSS JOIN LATERAL facet_values(k.kind, k.media_type, k.brand_id, k.tag_ids, k.tags, k.colors, k.verdict_rank) v) d
      GROUP BY 1, 2 HAVING sum(d.n) <> 0),
    -- A row that is proposed for insertion is checked before it is known to conflict: fewer than none is not to be proposed.
    more AS (
      INSERT INTO facet_count AS c (organization_id, facet, value, assets) SELECT organization, d.facet, d.value, d.n FROM difference d WHERE d.n > 0
      ON CONFLICT (organization_id, facet, value) DO UPDATE SET assets = c.assets + EXCLUDED.assets)
    UPDATE facet_count c SET assets = c.assets + d.n FROM difference d
      WHERE d.n < 0 AND c.organization_id = organization AND c.facet = d.facet AND c.value = d.value;
  END LOOP;
END $$;

-- What a change did to findings: their number by rule and verdict.
CREATE FUNCTION settle_findings(organization uuid, change uuid) RETURNS void LANGUAGE plpgsql SET jit = off AS $$
BEGIN
  WITH difference AS (
    SELECT s.rule_id, v.verdict, sum(s.n * v.sign)::int AS n FROM (
      SELECT h.rule_id, h.verdict, h.previous_verdict, count(*) AS n FROM finding_history h
      WHERE h.organization_id = organization AND h.change_id = change AND h.verdict IS DISTINCT FROM h.previous_verdict GROUP BY 1, 2, 3) s
    CROSS JOIN LATERAL (VALUES (s.verdict, 1), (s.previous_verdict, -1)) AS v (verdict, sign)
    WHERE v.verdict IS NOT NULL GROUP BY 1, 2 HAVING sum(s.n * v.sign) <> 0),
  more AS (
    INSERT INTO finding_count AS c (organization_id, rule_id, verdict, findings) SELECT organization, d.rule_id, d.verdict, d.n FROM difference d WHERE d.n > 0
    ON CONFLICT (organization_id, rule_id, verdict) DO UPDATE SET findings = c.findings + EXCLUDED.findings)
  UPDATE finding_count c SET findings = c.findings + d.n FROM difference d
    WHERE d.n < 0 AND c.organization_id = organization AND c.rule_id = d.rule_id AND c.verdict = d.verdict;
END $$;

-- Assets that a change touched: by themselves, by what was found about them, or by a tag that has another name.
CREATE FUNCTION assets_of_change(organization uuid, change uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(
    SELECT h.key::uuid FROM record_history h WHERE h.organization_id = organization AND h.change_id = change AND h.record = 'asset'
    UNION SELECT h.asset_id FROM finding_history h WHERE h.organization_id = organization AND h.change_id = change
    UNION SELECT a.id FROM asset a WHERE a.organization_id = organization AND a.tag_ids && ARRAY(
      SELECT h.key::int FROM record_history h WHERE h.organization_id = organization AND h.change_id = change AND h.record = 'tag' AND h.operation = 'UPDATE'))
$$;

-- All anew, from what is there.
CREATE FUNCTION recount_sums(organization uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('history ' || organization, 0));
  DELETE FROM asset_facet WHERE organization_id = organization;
  DELETE FROM facet_count WHERE organization_id = organization;
  DELETE FROM finding_count WHERE organization_id = organization;
  PERFORM settle_facets(organization, ARRAY(SELECT a.id FROM asset a WHERE a.organization_id = organization));
  INSERT INTO finding_count SELECT organization, f.rule_id, f.verdict, count(*) FROM finding f WHERE f.organization_id = organization GROUP BY 2, 3;
END $$;

-- As before (0120), and what is kept is settled under the same lock.
CREATE OR REPLACE FUNCTION history_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE made bytea := history_digest(NEW.organization_id, NEW.id); head history_link; at timestamptz(3);
BEGIN
  INSERT INTO finding_change_count SELECT NEW.organization_id, NEW.id, c.* FROM finding_change_counts(NEW.organization_id, NEW.id) c;
  PERFORM pg_advisory_xact_lock(hashtextextended('history ' || NEW.organization_id, 0));
  PERFORM settle_findings(NEW.organization_id, NEW.id);
  PERFORM settle_facets(NEW.organization_id, assets_of_change(NEW.organization_id, NEW.id));
  SELECT * INTO head FROM history_link WHERE organization_id = NEW.organization_id ORDER BY sequence DESC LIMIT 1;
  at := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at + interval '1 millisecond');
  INSERT INTO history_link (organization_id, sequence, change_id, recorded_at, digest, hash)
  VALUES (NEW.organization_id, coalesce(head.sequence, 0) + 1, NEW.id, at, made,
    history_hash(head.hash, coalesce(head.sequence, 0) + 1, NEW.id, at, made));
  RETURN NULL;
END $$;

-- Colours that are measured anew are no change that history tells of.
CREATE FUNCTION facet_colors_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- EXECUTE: planned for the rows at hand, one or a hundred thousand
  EXECUTE $statement$
    INSERT INTO facet_due (organization_id, asset_id)
    SELECT f.organization_id, f.asset_id FROM (SELECT DISTINCT organization_id, version_id FROM changed) c
    JOIN asset_version v ON v.organization_id = c.organization_id AND v.id = c.version_id
    JOIN asset_facet f ON f.organization_id = v.organization_id AND f.asset_id = v.asset_id AND f.version_id = v.id ON CONFLICT DO NOTHING
  $statement$;
  RETURN NULL;
END $$;
CREATE TRIGGER facet_colors_inserted AFTER INSERT ON version_color REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION facet_colors_changed();
CREATE TRIGGER facet_colors_updated AFTER UPDATE ON version_color REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION facet_colors_changed();
CREATE TRIGGER facet_colors_deleted AFTER DELETE ON version_color REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION facet_colors_changed();

CREATE FUNCTION settle_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('history ' || NEW.organization_id, 0));
  PERFORM settle_facets(NEW.organization_id, ARRAY[NEW.asset_id]);
  DELETE FROM facet_due WHERE organization_id = NEW.organization_id AND asset_id = NEW.asset_id;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER settle AFTER INSERT ON facet_due DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION settle_due();

-- What is there already.
DO $$
DECLARE t text; o uuid;
BEGIN
  FOREACH t IN ARRAY ARRAY['organization', 'asset', 'tag', 'version_color', 'finding'] LOOP EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', t); END LOOP;
  FOR o IN SELECT id FROM organization LOOP PERFORM recount_sums(o); END LOOP;
  FOREACH t IN ARRAY ARRAY['organization', 'asset', 'tag', 'version_color', 'finding'] LOOP EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t); END LOOP;
  FOREACH t IN ARRAY ARRAY['asset_facet', 'facet_count', 'finding_count', 'facet_due'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    -- For the owner too, as whom PostgreSQL cascades deletions.
    EXECUTE format('CREATE POLICY tenant ON %I USING (organization_id = app_organization_id()) WITH CHECK (organization_id = (SELECT app_organization_id()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;
