import type { z } from 'zod';
import { empty, type Sql, sql } from '../../database/sql.js';
import type { RuleKind } from '../vocabulary.js';

/** What is judged. Without `versionIds`, `ruleIds` and `brandId`: every published rule of the organisation over every asset it applies to. */
export interface JudgeScope {
  organizationId: string;
  /** The moment to judge for; verdicts that depend on the clock use nothing else. */
  now: Date;
  /** Vectors of this model revision are used. */
  modelRevisionId: number;
  /** Versions that are not current any more are left out. */
  versionIds?: readonly string[];
  ruleIds?: readonly string[];
  brandId?: string;
}

/** One kind of rule: its parameters and the one statement that judges any number of versions by any number of rules of this kind. */
export interface RuleModule {
  readonly kind: RuleKind;
  /** What the rule asks, for people. */
  readonly description: string;
  /** Reads a rule's parameters, fills in defaults and refuses contradictions. */
  readonly parameters: z.ZodType<Record<string, unknown>>;
  /** Texts whose vectors the statement reads (parameters already checked). */
  texts?(parameters: Record<string, unknown>): string[];
  /**
   * A SELECT with one row per rule and version and the columns of `FINDING_COLUMNS`.
   * Assets out of a rule's scope give no row; NOT_APPLICABLE means in scope, but of a kind that cannot be judged so.
   */
  judge(scope: JudgeScope): Sql;
}

/** Columns that {@link RuleModule.judge} selects, in this order. */
export const FINDING_COLUMNS = [
  'version_id',
  'rule_id',
  'asset_id',
  'brand_id',
  'severity',
  'rule_revision',
  'verdict',
  'measured',
  'required',
  'evidence',
  'message',
  'valid_until',
  'model_revision_id',
] as const;

/** Published rules of a kind with the assets they apply to: what every judging statement starts from. */
export function selectTargets(kind: RuleKind, scope: JudgeScope): Sql {
  return sql`
    SELECT r.id AS rule_id, r.revision AS rule_revision, r.severity, r.brand_id, r.parameters,
      a.id AS asset_id, a.current_version_id AS version_id, a.kind AS asset_kind, a.media_type, a.file_name, a.width, a.height,
      a.alt_text, a.rights_license, a.rights_starts_on, a.rights_expires_on
    FROM rule r
    JOIN asset a ON a.organization_id = r.organization_id AND a.brand_id = r.brand_id
    WHERE r.organization_id = ${scope.organizationId}::uuid AND a.organization_id = ${scope.organizationId}::uuid
      AND r.kind = ${kind} AND ${appliesTo()} ${restrictTargets(scope)}`;
}

/** Whether rule `r` applies to asset `a` of the same brand: published, and one of its scope tags on the asset when it has any. */
export function appliesTo(): Sql {
  return sql`r.state = 'PUBLISHED' AND (r.scope_tag_ids = '{}' OR a.tag_ids && r.scope_tag_ids)`;
}

function restrictTargets({ organizationId, versionIds, ruleIds, brandId }: JudgeScope): Sql {
  // asset has no index on its current version; the version's own row names its asset.
  const versions = versionIds
    ? sql`AND a.current_version_id = ANY(${[...versionIds]}::uuid[]) AND a.id IN (
        SELECT v.asset_id FROM asset_version v WHERE v.organization_id = ${organizationId}::uuid AND v.id = ANY(${[...versionIds]}::uuid[]))`
    : empty;
  const rules = ruleIds ? sql`AND r.id = ANY(${[...ruleIds]}::uuid[])` : empty;
  const brand = brandId ? sql`AND r.brand_id = ${brandId}::uuid` : empty;
  return sql`${versions} ${rules} ${brand}`;
}
