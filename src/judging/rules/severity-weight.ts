import { raw, type Sql, sql } from '../../platform/database/sql.js';
import { SEVERITY_WEIGHT } from '../../vocabulary/compliance.js';

/** SEVERITY_WEIGHT of a severity, `f.severity` unless told. Numbers as they are, not as parameters: the index finding_worst has this very expression. */
export function severityWeight(severity: Sql = sql`f.severity`): Sql {
  const { BLOCKER, MAJOR, MINOR, INFO } = SEVERITY_WEIGHT;
  return sql`CASE ${severity} ${raw(`WHEN 'BLOCKER' THEN ${BLOCKER} WHEN 'MAJOR' THEN ${MAJOR} WHEN 'MINOR' THEN ${MINOR} ELSE ${INFO}`)} END`;
}
