-- Lists in the order in which they are asked for, read from an index and not sorted: findings from the worst on (SEVERITY_WEIGHT spelled out: the expression
-- has to be the one that is asked, see severity-weight.ts), assets by change and size.
CREATE INDEX finding_worst ON finding (organization_id, coalesce(verdict_rank, 0) DESC,
  (CASE severity WHEN 'BLOCKER' THEN 100 WHEN 'MAJOR' THEN 10 WHEN 'MINOR' THEN 3 ELSE 1 END) DESC, id DESC);
CREATE INDEX asset_updated ON asset (organization_id, updated_at DESC, id DESC);
CREATE INDEX asset_byte_size ON asset (organization_id, byte_size DESC, id DESC);
