import type { OrganizationTx } from '../../platform/database/database.js';
import { join, sql } from '../../platform/database/sql.js';
import type { JudgingContext } from './rule-check.queries.js';
import { RULES } from '../rules/registry.js';
import type { FactSubstitute } from '../rules/rule-module.js';
import type { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';

/** Kinds that look at what a file is and at nothing else, and so can be asked of a rendition. The others say of it what they say of the original. */
export const RENDITION_KINDS = [
  'MIN_RESOLUTION',
  'ASPECT_RATIO',
  'SAFE_ZONE',
  'FILE_FORMAT',
  'BYTE_SIZE',
  'COLOR_ENCODING',
  'SHARPNESS',
  'EXPOSURE',
  'CONTRAST',
] as const satisfies readonly RuleKind[];

export interface RenditionVerdict {
  ruleId: string;
  ruleKey: string;
  ruleTitle: string;
  ruleKind: RuleKind;
  severity: RuleSeverity;
  verdict: Verdict;
  measured: Record<string, unknown> | null;
  required: Record<string, unknown> | null;
  message: string;
  /** What the rule itself says about the original; null where it has not judged it. */
  originalVerdict: Verdict | null;
}

/** What the rules in force say about an asset with other facts, by the statements that judge assets. Nothing is written. */
export function judgeSubstitute(tx: OrganizationTx, substitute: FactSubstitute, context: JudgingContext): Promise<RenditionVerdict[]> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const scope = { ...context, organizationId: tx.organizationId, versionIds: [substitute.versionId], substitute };
  const judged = RENDITION_KINDS.map(
    (kind) => sql`SELECT j.rule_id, j.severity, j.verdict, j.measured, j.required, j.message FROM (${RULES[kind].judge(scope)}) j`,
  );
  return tx.query<RenditionVerdict>(sql`
    SELECT r.id AS "ruleId", r.key AS "ruleKey", r.title AS "ruleTitle", r.kind AS "ruleKind", d.severity, d.verdict, d.measured, d.required, d.message,
      f.checker_verdict AS "originalVerdict"
    FROM (${join(judged, ' UNION ALL ')}) d
    JOIN rule r ON r.organization_id = ${organizationId} AND r.id = d.rule_id
    LEFT JOIN finding f ON f.organization_id = ${organizationId} AND f.version_id = ${substitute.versionId}::uuid AND f.rule_id = d.rule_id
    ORDER BY array_position(ARRAY['FAIL', 'ERROR', 'NEEDS_REVIEW', 'NOT_EVALUATED', 'PASS', 'NOT_APPLICABLE'], d.verdict),
      array_position(ARRAY['BLOCKER', 'MAJOR', 'MINOR', 'INFO'], d.severity), r.key, r.id`);
}
