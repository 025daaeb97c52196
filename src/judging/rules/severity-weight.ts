import { type Sql, sql } from '../../platform/database/sql.js';
import { SEVERITY_WEIGHT } from '../../vocabulary/compliance.js';

/** SEVERITY_WEIGHT of a severity, `f.severity` unless told. */
export function severityWeight(severity: Sql = sql`f.severity`): Sql {
  const { BLOCKER, MAJOR, MINOR, INFO } = SEVERITY_WEIGHT;
  return sql`CASE ${severity} WHEN 'BLOCKER' THEN ${BLOCKER}::int WHEN 'MAJOR' THEN ${MAJOR}::int WHEN 'MINOR' THEN ${MINOR}::int ELSE ${INFO}::int END`;
}
