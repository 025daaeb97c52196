import type { z } from 'zod';
import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import type { RuleKind } from '../../vocabulary/compliance.js';

/** A rule as it would be: judged in place of what is in force, for previews and test cases. */
export interface CandidateRule {
  id: string;
  brandId: string;
  kind: RuleKind;
  severity: string;
  revision: number;
  parameters: Record<string, unknown>;
  scopeTagIds: readonly number[];
  /** Its scope as a condition on an asset `a`, where it is a filter. */
  scope?: Sql;
}

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
  /** These rules alone, whatever is in force. */
  candidates?: readonly CandidateRule[];
  /** The asset as it would be with another file: judged by these facts in place of its own. Nothing else is judged then. */
  substitute?: FactSubstitute;
}

/** Columns of an asset and of its current version, by name, that stand in place of what is there. */
export interface FactSubstitute {
  assetId: string;
  versionId: string;
  asset: Readonly<Record<string, unknown>>;
  version: Readonly<Record<string, unknown>>;
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
  /** External ids of assets that pictures are compared with (parameters already checked): when one of them changes, all are judged anew. */
  exemplars?(parameters: Record<string, unknown>): { field: string; externalId: string }[];
  /** Names of the brand's marks that the rule is about, and the role that they must have (parameters already checked). */
  marks?(parameters: Record<string, unknown>): { field: string; name: string; role: string }[];
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

/** What a kind of rule says about one target; what it leaves out is null. */
export interface FindingParts {
  verdict: Sql;
  measured?: Sql;
  required?: Sql;
  evidence?: Sql;
  message: Sql;
  validUntil?: Sql;
  model?: Sql;
}

/**
 * What {@link findingColumns} and most verdicts need of a target `t`, for tables of a WITH clause: these keep all that they select, and
 * the widest fact alone is half a kilobyte.
 */
export const TARGET_KEYS = raw(
  ['version_id', 'rule_id', 'asset_id', 'brand_id', 'severity', 'rule_revision', 'asset_kind', 'media_type']
    .map((name) => `t.${name}`)
    .join(', '),
);

/** The {@link FINDING_COLUMNS} from a row `t` that has those of {@link selectTargets}. */
export function findingColumns({ verdict, measured, required, evidence, message, validUntil, model }: FindingParts): Sql {
  const json = sql`NULL::jsonb`;
  return sql`t.version_id, t.rule_id, t.asset_id, t.brand_id, t.severity, t.rule_revision, ${verdict} AS verdict, ${measured ?? json} AS measured,
    ${required ?? json} AS required, ${evidence ?? json} AS evidence, ${message} AS message, ${validUntil ?? sql`NULL::timestamptz`} AS valid_until,
    ${model ?? sql`NULL::int`} AS model_revision_id`;
}

/**
 * A whole judging statement for kinds that look at one target at a time.
 * @param values columns made of `target`, its facts and its rule's parameters
 * @param from joins to `target`, for what several values share
 * @param outcome from `s` (target and values): a word per case, which `parts` turn into verdict and message as `t.outcome`
 */
export function judgeEach(kind: RuleKind, scope: JudgeScope, values: Sql, outcome: Sql, parts: FindingParts, from = empty): Sql {
  return sql`
    SELECT ${findingColumns(parts)}
    FROM (SELECT s.*, ${outcome} AS outcome FROM (SELECT target.*, ${values} FROM (${selectTargets(kind, scope)}) target ${from}) s) t`;
}

/** Rules of a kind with the assets they apply to and the facts of their current versions: what every judging statement starts from. */
export function selectTargets(kind: RuleKind, scope: JudgeScope): Sql {
  return sql`
    SELECT r.id AS rule_id, r.revision AS rule_revision, r.severity, r.brand_id, r.parameters,
      a.id AS asset_id, a.current_version_id AS version_id, a.kind AS asset_kind, a.media_type, a.file_name, a.byte_size, a.width, a.height,
      a.title, a.description, a.alt_text, a.external_id, a.metadata, a.tag_ids, a.created_at, a.rights_holder, a.rights_license,
      a.rights_starts_on, a.rights_expires_on, a.rights_grants,
      v.has_alpha, v.color_space, v.bit_depth, v.facts_revision, v.has_icc_profile, v.icc_profile, v.sharpness, v.exposure, v.shadow_share,
      v.highlight_share, v.luminance_grid, v.digital_source_type, v.perceptual_hash, v.pixel_hash
    FROM ${ruleSource(scope)} r
    JOIN ${rowsOf('asset', scope)} a ON a.organization_id = r.organization_id AND a.brand_id = r.brand_id
    JOIN ${rowsOf('asset_version', scope)} v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    WHERE r.organization_id = ${scope.organizationId}::uuid AND a.organization_id = ${scope.organizationId}::uuid
      AND v.organization_id = ${scope.organizationId}::uuid AND r.kind = ${kind} AND ${appliesTo(scope.candidates)} ${restrictTargets(scope)}`;
}

/** The rules that {@link selectTargets} judges by, each once: what depends on a rule alone is read from here, not once a target. */
export function selectRules(kind: RuleKind, scope: JudgeScope): Sql {
  return sql`
    SELECT r.id AS rule_id, r.brand_id, r.parameters FROM ${ruleSource(scope)} r
    WHERE r.organization_id = ${scope.organizationId}::uuid AND r.kind = ${kind} AND r.state = 'PUBLISHED' ${restrictRules(scope)}`;
}

/**
 * Whether rule `r` applies to asset `a` of the same brand: published, one of its scope tags on the asset when it has any, and the asset in its
 * scope when that is a filter (`rule_scope_asset`; of candidates the filter itself).
 */
export function appliesTo(candidates: readonly CandidateRule[] = []): Sql {
  const filters = candidates.flatMap(({ id, scope }) => (scope ? [sql`AND (r.id <> ${id}::uuid OR (${scope}) IS TRUE)`] : []));
  return sql`r.state = 'PUBLISHED' AND (r.scope_tag_ids = '{}' OR a.tag_ids && r.scope_tag_ids)
    AND (r.scope IS NULL OR EXISTS (SELECT 1 FROM rule_scope_asset m WHERE m.organization_id = r.organization_id AND m.rule_id = r.id AND m.asset_id = a.id))
    ${filters.length > 0 ? join(filters, ' ') : empty}`;
}

/** The table, or the one row of it that is judged with other facts. */
function rowsOf(table: 'asset' | 'asset_version', { organizationId, substitute }: JudgeScope): Sql {
  if (substitute === undefined) return raw(table);
  const [id, facts] = table === 'asset' ? [substitute.assetId, substitute.asset] : [substitute.versionId, substitute.version];
  return sql`(SELECT p.* FROM ${raw(table)} o CROSS JOIN LATERAL jsonb_populate_record(o, ${JSON.stringify(facts)}::jsonb) p
    WHERE o.organization_id = ${organizationId}::uuid AND o.id = ${id}::uuid)`;
}

/** `rule`, or the candidates in its shape. */
function ruleSource({ organizationId, candidates }: JudgeScope): Sql {
  if (candidates === undefined) return sql`rule`;
  const rows = candidates.map(({ brandId, scopeTagIds, scope: _filter, ...rule }) => ({
    ...rule,
    brand_id: brandId,
    scope_tag_ids: scopeTagIds,
  }));
  return sql`(SELECT ${organizationId}::uuid AS organization_id, 'PUBLISHED' AS state, NULL::jsonb AS scope, c.*
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS c (id uuid, brand_id uuid, kind text, severity text, revision int,
      parameters jsonb, scope_tag_ids int[]))`;
}

function restrictRules({ ruleIds, brandId }: JudgeScope): Sql {
  const rules = ruleIds ? sql`AND r.id = ANY(${[...ruleIds]}::uuid[])` : empty;
  const brand = brandId ? sql`AND r.brand_id = ${brandId}::uuid` : empty;
  return sql`${rules} ${brand}`;
}

function restrictTargets(scope: JudgeScope): Sql {
  const { organizationId, versionIds } = scope;
  // asset has no index on its current version; the version's own row names its asset.
  const versions = versionIds
    ? sql`AND a.current_version_id = ANY(${[...versionIds]}::uuid[]) AND a.id IN (
        SELECT w.asset_id FROM asset_version w WHERE w.organization_id = ${organizationId}::uuid AND w.id = ANY(${[...versionIds]}::uuid[]))`
    : empty;
  return sql`${versions} ${restrictRules(scope)}`;
}
