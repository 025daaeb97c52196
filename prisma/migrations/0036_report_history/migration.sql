-- What a finding was before a change: trends and times to resolve are sums over changes. Null where it was not, and in rows of before this column.
ALTER TABLE finding_history ADD COLUMN previous_verdict text;
-- Reports look at what ever failed.
CREATE INDEX finding_history_failed ON finding_history (organization_id, brand_id, asset_id, rule_id) WHERE verdict = 'FAIL' OR previous_verdict = 'FAIL';

CREATE OR REPLACE FUNCTION history_finding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change uuid := history_change_id(); written bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, verdict, checker_verdict,
      severity, rule_revision, model_revision_id, measured, message, review_id, waiver_id, previous_verdict)
    SELECT n.organization_id, change, n.id, n.asset_id, n.version_id, n.rule_id, n.brand_id,
      CASE WHEN t.made THEN 'NEW_ASSET' WHEN d.asset_id IS NOT NULL THEN 'ASSET_VERSION' WHEN t.made IS NOT NULL THEN 'ASSET_EDIT'
        WHEN r.key IS NOT NULL THEN 'RULE' ELSE 'FACTS' END,
      n.verdict, n.checker_verdict, n.severity, n.rule_revision, n.model_revision_id, n.measured, n.message, n.review_id, n.waiver_id, NULL
    FROM new_rows n
    LEFT JOIN (SELECT h.organization_id, h.key::uuid AS asset_id, bool_or(h.operation = 'INSERT') AS made FROM record_history h
      WHERE h.change_id = change AND h.record = 'asset' GROUP BY 1, 2) t ON t.asset_id = n.asset_id AND t.organization_id = n.organization_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.asset_id, h.rule_id FROM finding_history h
      WHERE h.change_id = change AND h.cause = 'ASSET_VERSION' AND h.verdict IS NULL) d
      ON d.asset_id = n.asset_id AND d.rule_id = n.rule_id AND d.organization_id = n.organization_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS key FROM record_history h
      WHERE h.change_id = change AND h.record = 'rule') r ON r.key = n.rule_id AND r.organization_id = n.organization_id;
  ELSIF TG_OP = 'UPDATE' THEN
    -- EXECUTE: a static statement keeps the row counts of its first run, and after one of a single row it joins 30,000 old rows to as many
    -- new ones in nested loops.
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
  ELSE
    INSERT INTO finding_history (organization_id, change_id, finding_id, asset_id, version_id, rule_id, brand_id, cause, severity, rule_revision, model_revision_id,
      previous_verdict)
    SELECT o.organization_id, change, o.id, o.asset_id, o.version_id, o.rule_id, o.brand_id,
      CASE WHEN a.id IS NULL THEN 'ASSET_REMOVED' WHEN a.current_version_id <> o.version_id THEN 'ASSET_VERSION' WHEN t.asset_id IS NOT NULL THEN 'ASSET_EDIT'
        ELSE 'RULE' END, o.severity, o.rule_revision, o.model_revision_id, o.verdict
    FROM old_rows o
    LEFT JOIN asset a ON a.organization_id = o.organization_id AND a.id = o.asset_id
    LEFT JOIN (SELECT DISTINCT h.organization_id, h.key::uuid AS asset_id FROM record_history h
      WHERE h.change_id = change AND h.record = 'asset') t ON t.asset_id = o.asset_id AND t.organization_id = o.organization_id;
  END IF;
  IF TG_OP <> 'UPDATE' AND NOT FOUND THEN RETURN NULL; END IF;
  IF TG_OP = 'DELETE' THEN PERFORM history_open(o.organization_id, change) FROM (SELECT DISTINCT organization_id FROM old_rows) o;
  ELSE PERFORM history_open(n.organization_id, change) FROM (SELECT DISTINCT organization_id FROM new_rows) n; END IF;
  RETURN NULL;
END $$;

-- As before; the new column is part of the digest where it is not null.
CREATE OR REPLACE FUNCTION history_digest(organization uuid, change uuid) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(coalesce(string_agg(x.hash, ''::bytea ORDER BY x.source, x.id), ''::bytea)) FROM (
    SELECT 0 AS source, 0::bigint AS id, sha256(convert_to(ROW(c.actor_id, c.actor_name)::text, 'UTF8')) AS hash
    FROM history_change c WHERE c.organization_id = organization AND c.id = change
    UNION ALL
    SELECT 1, h.id, sha256(convert_to(ROW(h.id, h.record, h.key, h.operation, h.state)::text, 'UTF8'))
    FROM record_history h WHERE h.organization_id = organization AND h.change_id = change
    UNION ALL
    SELECT 2, h.id, sha256(convert_to(ROW(h.id, h.finding_id, h.asset_id, h.version_id, h.rule_id, h.brand_id, h.cause, h.verdict, h.checker_verdict,
      h.severity, h.rule_revision, h.model_revision_id, h.measured, h.message, h.review_id, h.waiver_id)::text || coalesce(' ' || h.previous_verdict, ''),
      'UTF8'))
    FROM finding_history h WHERE h.organization_id = organization AND h.change_id = change) x
$$;
