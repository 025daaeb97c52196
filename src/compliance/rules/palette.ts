import { z } from 'zod';
import { type Sql, sql } from '../../database/sql.js';
import { type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

const share = z.number().min(0).max(1);

const parameters = z.strictObject({
  minShare: share.default(0.8).describe('Least share of the area (0 to 1) that must be in allowed colours.'),
  maxDeltaE: z
    .number()
    .gt(0)
    .max(100)
    .default(10)
    .describe('Greatest CIEDE2000 difference to a brand colour that still counts as that colour.'),
  neutralAllowance: share.default(1).describe('Share of the area (0 to 1) that may be white, grey or black and still counts as allowed.'),
  neutralMaxChroma: z.number().min(0).max(50).default(6).describe('CIELAB chroma up to which a colour counts as neutral.'),
});

/** Share of the area within CIEDE2000 of the brand's colours, neutral colours allowed up to a limit. Documents: NOT_APPLICABLE. */
export const palette: RuleModule = {
  kind: 'PALETTE',
  description: "Enough of the picture's area is in the colours of the brand, measured by CIEDE2000. Does not apply to documents.",
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  // Distances depend on brand and version only: several palette rules of a brand share them.
  return sql`
    WITH target AS (
      SELECT t.*, (t.parameters ->> 'minShare')::float8 AS min_share, (t.parameters ->> 'maxDeltaE')::float8 AS max_delta_e,
        (t.parameters ->> 'neutralAllowance')::float8 AS neutral_allowance, (t.parameters ->> 'neutralMaxChroma')::float8 AS neutral_max_chroma
      FROM (${selectTargets('PALETTE', scope)}) t
    ),
    patch AS MATERIALIZED (
      SELECT p.version_id, c.hex, c.share, sqrt(c.lab_a * c.lab_a + c.lab_b * c.lab_b) AS chroma, n.name, n.hex AS nearest_hex, n.delta_e
      FROM (SELECT DISTINCT version_id, brand_id FROM target WHERE asset_kind <> 'DOCUMENT') p
      JOIN version_color c ON c.organization_id = ${organizationId} AND c.version_id = p.version_id
      CROSS JOIN LATERAL (
        SELECT b.name, b.hex, ciede2000(c.lab_l, c.lab_a, c.lab_b, b.lab_l, b.lab_a, b.lab_b) AS delta_e
        FROM brand_color b WHERE b.organization_id = ${organizationId} AND b.brand_id = p.brand_id
        ORDER BY delta_e, b.position LIMIT 1
      ) n
    ),
    used AS (
      SELECT t.version_id, t.rule_id, p.*,
        CASE WHEN p.delta_e <= t.max_delta_e THEN 'BRAND' WHEN p.chroma <= t.neutral_max_chroma THEN 'NEUTRAL' ELSE 'OFF_BRAND' END AS part
      FROM target t JOIN (SELECT version_id AS patch_version_id, hex, share, chroma, name, nearest_hex, delta_e FROM patch) p
        ON p.patch_version_id = t.version_id
    ),
    total AS (
      SELECT version_id, rule_id,
        coalesce(sum(share) FILTER (WHERE part = 'BRAND'), 0) AS brand, coalesce(sum(share) FILTER (WHERE part = 'NEUTRAL'), 0) AS neutral,
        (array_agg(hex ORDER BY share DESC, hex) FILTER (WHERE part = 'OFF_BRAND'))[1] AS worst_hex,
        jsonb_agg(jsonb_build_object('hex', hex, 'share', round(share::numeric, 4), 'use', part, 'nearestName', name,
          'nearestHex', nearest_hex, 'deltaE', round(delta_e::numeric, 2)) ORDER BY share DESC, hex) AS patches
      FROM used GROUP BY version_id, rule_id
    ),
    judged AS (
      SELECT t.*, s.patches, s.brand, s.neutral, s.worst_hex, s.brand + least(s.neutral, t.neutral_allowance) AS allowed,
        EXISTS (SELECT 1 FROM brand_color b WHERE b.organization_id = ${organizationId} AND b.brand_id = t.brand_id) AS has_palette
      FROM target t LEFT JOIN total s USING (version_id, rule_id)
    )
    SELECT version_id, rule_id, asset_id, brand_id, severity, rule_revision, verdict,
      CASE WHEN patches IS NOT NULL THEN jsonb_build_object('allowedShare', round(allowed::numeric, 4), 'brandShare', round(brand::numeric, 4),
        'neutralShare', round(neutral::numeric, 4)) END AS measured,
      jsonb_build_object('minShare', min_share, 'maxDeltaE', max_delta_e, 'neutralAllowance', neutral_allowance) AS required,
      CASE WHEN patches IS NOT NULL THEN jsonb_build_object('patches', patches) END AS evidence,
      CASE verdict
        WHEN 'NOT_APPLICABLE' THEN 'Colours of documents are not judged.'
        WHEN 'NOT_EVALUATED' THEN CASE WHEN has_palette THEN 'The colours of this file were not measured.' ELSE 'The brand has no palette yet.' END
        ELSE format('%s%% of the area is in allowed colours; at least %s%% is needed.', trim_scale(round((allowed * 100)::numeric, 1)),
          trim_scale(round((min_share * 100)::numeric, 1)))
          || CASE WHEN verdict = 'FAIL' AND worst_hex IS NOT NULL THEN format(' The largest foreign colour is %s.', worst_hex) ELSE '' END
      END AS message,
      NULL::timestamptz AS valid_until, NULL::int AS model_revision_id
    FROM (
      SELECT judged.*, CASE
        WHEN asset_kind = 'DOCUMENT' THEN 'NOT_APPLICABLE'
        WHEN patches IS NULL THEN 'NOT_EVALUATED'
        -- shares are stored as floating point and need not add up to the last digit
        WHEN allowed >= min_share - 1e-6 THEN 'PASS' ELSE 'FAIL' END AS verdict
      FROM judged
    ) v`;
}
