-- Findings from the worst on, of all rules and of one. With coalesce() in it the index of 0202 was read from its beginning for every other verdict than the
-- worst: below a policy PostgreSQL hands no condition to an index that it takes for one that may tell of other rows, and coalesce is one, CASE is not.
DROP INDEX finding_worst;
CREATE INDEX finding_worst ON finding (organization_id, (CASE WHEN verdict_rank IS NULL THEN 0 ELSE verdict_rank END) DESC,
  (CASE severity WHEN 'BLOCKER' THEN 100 WHEN 'MAJOR' THEN 10 WHEN 'MINOR' THEN 3 ELSE 1 END) DESC, id DESC);
DROP INDEX finding_rule;
CREATE INDEX finding_rule ON finding (organization_id, rule_id, (CASE WHEN verdict_rank IS NULL THEN 0 ELSE verdict_rank END) DESC,
  (CASE severity WHEN 'BLOCKER' THEN 100 WHEN 'MAJOR' THEN 10 WHEN 'MINOR' THEN 3 ELSE 1 END) DESC, id DESC);

-- What is waived, and by which models rules have judged: a small part of all.
CREATE INDEX finding_waived ON finding (organization_id, waiver_id) WHERE waiver_id IS NOT NULL;
CREATE INDEX finding_model ON finding (organization_id, rule_id, model_revision_id) WHERE model_revision_id IS NOT NULL;
