import type { OrganizationTx } from '../../platform/database/database.js';
import { DbNull, empty, type JsonInput, join, type Sql, sql } from '../../platform/database/sql.js';
import type { RuleScope } from './rule-scope.js';

/** A scope as `rule.scope` holds it. */
export function scopeColumn(scope: RuleScope | null): JsonInput | typeof DbNull {
  return scope === null ? DbNull : (scope as JsonInput);
}

/** Published rules whose scope is a filter: all, or of these. */
export function listScopedRules(
  tx: OrganizationTx,
  ruleIds: readonly string[] | null,
): Promise<{ id: string; brandId: string; scope: RuleScope }[]> {
  return tx.query(sql`
    SELECT id, brand_id AS "brandId", scope FROM rule
    WHERE organization_id = ${tx.organizationId}::uuid AND state = 'PUBLISHED' AND scope IS NOT NULL
      ${ruleIds ? sql`AND id = ANY(${[...ruleIds]}::uuid[])` : empty} ORDER BY id`);
}

/** Assets that came into a scope or went out of it: their current versions, and the rules. */
export interface ScopeChange {
  versionIds: string[];
  ruleIds: string[];
}

/**
 * Writes down which assets are in the scopes of these rules.
 * @param assetIds the assets to look at; null for all
 * @param cleared further rules whose scope is not a filter, or that are not in force, any more
 */
export async function refreshScopes(
  tx: OrganizationTx,
  rules: readonly { id: string; brandId: string; condition: Sql }[],
  assetIds: readonly string[] | null,
  cleared: readonly string[],
): Promise<ScopeChange> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const only = (column: Sql): Sql => (assetIds ? sql`AND ${column} = ANY(${[...assetIds]}::uuid[])` : empty);
  const arms = rules.map(
    ({ id, brandId, condition }) => sql`SELECT ${id}::uuid AS rule_id, a.id AS asset_id FROM asset a
      WHERE a.organization_id = ${organizationId} AND a.brand_id = ${brandId}::uuid ${only(sql`a.id`)} AND (${condition})`,
  );
  const wanted = arms.length === 0 ? sql`SELECT NULL::uuid AS rule_id, NULL::uuid AS asset_id WHERE FALSE` : join(arms, ' UNION ALL ');
  const rows = await tx.query<ScopeChange>(sql`
    WITH wanted AS MATERIALIZED (${wanted}),
    gone AS (
      DELETE FROM rule_scope_asset m WHERE m.organization_id = ${organizationId} AND m.rule_id = ANY(${[...rules.map(({ id }) => id), ...cleared]}::uuid[])
        ${only(sql`m.asset_id`)} AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.rule_id = m.rule_id AND w.asset_id = m.asset_id)
      RETURNING m.rule_id, m.asset_id
    ),
    came AS (
      INSERT INTO rule_scope_asset (organization_id, rule_id, asset_id) SELECT ${organizationId}, rule_id, asset_id FROM wanted ORDER BY rule_id, asset_id
      ON CONFLICT DO NOTHING RETURNING rule_id, asset_id
    ),
    changed AS (SELECT * FROM gone UNION ALL SELECT * FROM came)
    SELECT coalesce((SELECT array_agg(DISTINCT rule_id) FROM changed), '{}') AS "ruleIds",
      coalesce((SELECT array_agg(DISTINCT a.current_version_id) FROM changed c JOIN asset a ON a.organization_id = ${organizationId} AND a.id = c.asset_id), '{}') AS "versionIds"`);
  return rows[0] as ScopeChange;
}
