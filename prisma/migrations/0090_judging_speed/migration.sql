-- Judging writes findings by the hundred thousand. What was checked once a row is checked once a statement.

-- Keys to version, rule and model row by row were a fifth of what writing a finding costs. The same promise, statement by statement: a
-- finding is about a version and by a rule that are there and stay until the transaction ends (FOR KEY SHARE, as a key does), and goes with them.
ALTER TABLE finding DROP CONSTRAINT finding_organization_id_version_id_fkey, DROP CONSTRAINT finding_organization_id_rule_id_fkey,
  DROP CONSTRAINT finding_model_revision_id_fkey;

CREATE FUNCTION finding_parents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
  -- EXECUTE: planned for the rows at hand
  EXECUTE $statement$
    WITH version_key AS MATERIALIZED (SELECT DISTINCT organization_id, version_id AS id FROM new_rows),
    version AS MATERIALIZED (SELECT v.organization_id, v.id FROM asset_version v JOIN version_key k ON k.organization_id = v.organization_id AND k.id = v.id
      FOR KEY SHARE OF v),
    rule_key AS MATERIALIZED (SELECT DISTINCT organization_id, rule_id AS id FROM new_rows),
    ruling AS MATERIALIZED (SELECT r.organization_id, r.id FROM rule r JOIN rule_key k ON k.organization_id = r.organization_id AND k.id = r.id
      FOR KEY SHARE OF r)
    SELECT CASE WHEN (SELECT count(*) FROM version_key) > (SELECT count(*) FROM version) THEN 'asset_version'
      WHEN (SELECT count(*) FROM rule_key) > (SELECT count(*) FROM ruling) THEN 'rule' END
  $statement$ INTO missing;
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'a finding is about a row of % that is not there', missing USING ERRCODE = 'foreign_key_violation', TABLE = 'finding';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER parents AFTER INSERT ON finding REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION finding_parents();

-- Findings go with what they are about; the argument is their column that names it.
CREATE FUNCTION finding_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('DELETE FROM finding f USING old_rows o WHERE f.organization_id = o.organization_id AND f.%I = o.id', TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE TRIGGER finding_goes AFTER DELETE ON asset_version REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION finding_goes('version_id');
CREATE TRIGGER finding_goes AFTER DELETE ON rule REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION finding_goes('rule_id');

-- Findings of an asset are found by its version, with which the primary key begins.
DROP INDEX finding_asset;

-- The organisation is read once a statement, not once a row that is written.
ALTER POLICY tenant ON finding WITH CHECK (organization_id = (SELECT app_organization_id()));
ALTER POLICY tenant ON finding_history WITH CHECK (organization_id = (SELECT app_organization_id()));

-- As before (0036), but nothing is planned for a statement that wrote no row: an INSERT ... ON CONFLICT sets off the triggers of both.
CREATE OR REPLACE FUNCTION history_finding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change uuid; written bigint; any_row boolean;
BEGIN
  IF TG_OP = 'DELETE' THEN SELECT EXISTS (SELECT 1 FROM old_rows) INTO any_row; ELSE SELECT EXISTS (SELECT 1 FROM new_rows) INTO any_row; END IF;
  IF NOT any_row THEN RETURN NULL; END IF;
  change := history_change_id();
  IF TG_OP = 'INSERT' THEN
    EXECUTE $statement$
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, verdict, checker_verdict,
      severity, rule_revision, model_revision_id, measured, message, review_id, waiver_id, previous_verdict)
    SELECT n.organization_id, $1, n.id, n.asset_id, n.version_id, n.rule_id, n.brand_id,
      CASE WHEN t.made THEN 'NEW_ASSET' WHEN d.asset_id IS NOT NULL THEN 'ASSET_VERSION' WHEN t.made IS NOT NULL THEN 'ASSET_EDIT'
        WHEN r.key IS NOT NULL THEN 'RULE' ELSE 'FACTS' END,
      n.verdict, n.checker_verdict, n.severity, n.rule_revision, n.model_revision_id, n.measured, n.message, n.review_id, n.waiver_id, NULL
    FROM new_rows n
    LEFT JOIN (SELECT h.organization_id, h.key::uuid AS asset_id, bool_or(h.operation = 'INSERT') AS made FROM record_history h
      WHERE h.change_id = $1 AND h.record = 'asset' GROUP BY 1, 2) t ON t.asset_id = n.asset_id AND t.organization_id = n.organization_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.asset_id, h.rule_id FROM finding_history h
      WHERE h.change_id = $1 AND h.cause = 'ASSET_VERSION' AND h.verdict IS NULL) d
      ON d.asset_id = n.asset_id AND d.rule_id = n.rule_id AND d.organization_id = n.organization_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS key FROM record_history h
      WHERE h.change_id = $1 AND h.record = 'rule') r ON r.key = n.rule_id AND r.organization_id = n.organization_id
    $statement$ USING change;
    PERFORM history_open(n.organization_id, change) FROM (SELECT DISTINCT organization_id FROM new_rows) n;
  ELSIF TG_OP = 'UPDATE' THEN
    EXECUTE $statement$
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, verdict, checker_verdict,
      severity, rule_revision, model_revision_id, measured, message, review_id, waiver_id, previous_verdict)
    SELECT n.organization_id, $1, n.id, n.asset_id, n.version_id, n.rule_id, n.brand_id,
      CASE WHEN n.rule_revision <> o.rule_revision THEN 'RULE' WHEN n.model_revision_id <> o.model_revision_id THEN 'MODEL'
        WHEN t.asset_id IS NOT NULL THEN 'ASSET_EDIT' WHEN n.review_id IS DISTINCT FROM o.review_id THEN 'REVIEW'
        WHEN o.valid_until <= n.judged_at THEN 'CLOCK' WHEN n.waiver_id IS DISTINCT FROM o.waiver_id THEN 'WAIVER' ELSE 'FACTS' END,
      n.verdict, n.checker_verdict, n.severity, n.rule_revision, n.model_revision_id, n.measured, n.message, n.review_id, n.waiver_id, o.verdict
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS asset_id FROM record_history h
      WHERE h.change_id = $1 AND h.record = 'asset') t ON t.asset_id = n.asset_id AND t.organization_id = n.organization_id
    WHERE (n.verdict, n.checker_verdict, n.severity, n.rule_revision, n.model_revision_id, n.message, n.review_id, n.waiver_id)
      IS DISTINCT FROM (o.verdict, o.checker_verdict, o.severity, o.rule_revision, o.model_revision_id, o.message, o.review_id, o.waiver_id)
    $statement$ USING change;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written = 0 THEN RETURN NULL; END IF;
    PERFORM history_open(n.organization_id, change) FROM (SELECT DISTINCT organization_id FROM new_rows) n;
  ELSE
    EXECUTE $statement$
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, severity, rule_revision, model_revision_id,
      previous_verdict)
    SELECT o.organization_id, $1, o.id, o.asset_id, o.version_id, o.rule_id, o.brand_id,
      CASE WHEN a.id IS NULL THEN 'ASSET_REMOVED' WHEN a.current_version_id <> o.version_id THEN 'ASSET_VERSION' WHEN t.asset_id IS NOT NULL THEN 'ASSET_EDIT'
        ELSE 'RULE' END, o.severity, o.rule_revision, o.model_revision_id, o.verdict
    FROM old_rows o
    LEFT JOIN asset a ON a.organization_id = o.organization_id AND a.id = o.asset_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS asset_id FROM record_history h
      WHERE h.change_id = $1 AND h.record = 'asset') t ON t.asset_id = o.asset_id AND t.organization_id = o.organization_id
    $statement$ USING change;
    PERFORM history_open(o.organization_id, change) FROM (SELECT DISTINCT organization_id FROM old_rows) o;
  END IF;
  RETURN NULL;
END $$;
