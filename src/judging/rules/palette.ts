import { z } from 'zod';
import { COLOR_HELP } from '../../engines/pixels/color.js';
import { type Sql, sql } from '../../platform/database/sql.js';
import { colorDifferences } from './color-difference.js';
import { cssColor } from './css-color.js';
import { findingColumns, type JudgeScope, type RuleModule, selectRules, selectTargets, TARGET_KEYS } from './rule-module.js';

const share = z.number().min(0).max(1);

const forbidden = z.strictObject({
  name: z.string().trim().min(1).max(100).optional().describe('What findings call it; by default the colour itself.'),
  color: cssColor.describe(COLOR_HELP),
  maxDeltaE: z.number().gt(0).max(100).default(5).describe('Greatest CIEDE2000 difference that still counts as this colour.'),
  maxShare: share.default(0.01).describe('Most of the area (0 to 1) that may be in this colour.'),
});

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
  forbidden: z
    .array(forbidden)
    .max(50)
    .default([])
    .describe('Colours that must not be seen, whatever else is; colours of the palette cannot be forbidden.'),
});

/** Share of the area within CIEDE2000 of the brand's colours, neutral colours allowed up to a limit. Documents: NOT_APPLICABLE. */
export const palette: RuleModule = {
  kind: 'PALETTE',
  description:
    "Enough of the picture's area is in the colours of the brand, measured by CIEDE2000; see-through parts do not count. Does not apply to documents.",
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  const number = (key: Sql): Sql => sql`(r.parameters ->> ${key})::float8`;
  // Distances depend on brand and version only: several palette rules of a brand share them, and each counts by its own thresholds.
  return sql`
    WITH target AS MATERIALIZED (SELECT ${TARGET_KEYS} FROM (${selectTargets('PALETTE', scope)}) t),
    asked AS MATERIALIZED (
      SELECT r.*, jsonb_build_object('minShare', r.min_share, 'maxDeltaE', r.max_delta_e, 'neutralAllowance', r.neutral_allowance) AS required
      FROM (
        SELECT r.rule_id, r.parameters -> 'forbidden' AS forbidden, ${number(sql`'minShare'`)} AS min_share, ${number(sql`'maxDeltaE'`)} AS max_delta_e,
          ${number(sql`'neutralAllowance'`)} AS neutral_allowance, ${number(sql`'neutralMaxChroma'`)} AS neutral_max_chroma
        FROM (${selectRules('PALETTE', scope)}) r
      ) r
    ),
    ink AS MATERIALIZED (
      SELECT b.brand_id, b.lab_l, b.lab_a, b.lab_b, b.position,
        -- evidence is put together as text and read as JSON once a finding
        format('"nearestName": %s, "nearestHex": "%s", "deltaE": ', to_json(b.name), b.hex) AS shown
      FROM brand_color b WHERE b.organization_id = ${organizationId} ORDER BY b.brand_id, b.position
    ),
    inks AS MATERIALIZED (SELECT brand_id, array_agg(shown ORDER BY position) AS shown FROM ink GROUP BY brand_id),
    patch AS MATERIALIZED (
      SELECT version_id, array_agg(hex) AS hexes, array_agg(share) AS shares, array_agg(chroma) AS chromas, array_agg(delta_e) AS deltas, array_agg(shown) AS shown
      FROM (
        SELECT p.version_id, c.hex, c.share, sqrt(c.lab_a * c.lab_a + c.lab_b * c.lab_b) AS chroma, n.delta_e,
          '{"hex": "' || c.hex || '", "share": ' || round(c.share::numeric, 4) || ', ' || i.shown[array_position(n.deltas, n.delta_e)]
            || round(n.delta_e::numeric, 2) || ', "use": "' AS shown
        FROM (SELECT DISTINCT version_id, brand_id FROM target WHERE asset_kind <> 'DOCUMENT') p
        JOIN inks i ON i.brand_id = p.brand_id
        JOIN version_color c ON c.organization_id = ${organizationId} AND c.version_id = p.version_id
        CROSS JOIN LATERAL (
          SELECT min(d.delta_e) AS delta_e, array_agg(d.delta_e) AS deltas FROM (${colorDifferences(sql`
            SELECT b.position AS key, c.lab_l AS l1, c.lab_a AS a1, c.lab_b AS b1, b.lab_l AS l2, b.lab_a AS a2, b.lab_b AS b2
            FROM ink b WHERE b.brand_id = p.brand_id`)}) d
        ) n
        ORDER BY p.version_id, c.share DESC, c.hex
      ) o GROUP BY version_id
    ),
    banned AS MATERIALIZED (
      SELECT r.rule_id, f ->> 'color' AS hex, coalesce(f ->> 'name', f ->> 'color') AS name, (f ->> 'maxDeltaE')::float8 AS max_delta_e,
        (f ->> 'maxShare')::float8 AS max_share, lab_of_hex(f ->> 'color') AS lab
      FROM asked r CROSS JOIN LATERAL jsonb_array_elements(r.forbidden) f
    ),
    intruder AS MATERIALIZED (
      SELECT version_id, rule_id, jsonb_agg(jsonb_build_object('name', name, 'hex', hex, 'share', round(share::numeric, 4), 'maxShare', max_share)
        ORDER BY share DESC, hex) AS intruders, (array_agg(name ORDER BY share DESC, hex))[1] AS intruder, max(share) AS intruder_share
      FROM (
        SELECT t.version_id, t.rule_id, b.hex, b.name, b.max_share, sum(c.share) AS share
        FROM banned b JOIN target t ON b.rule_id = t.rule_id
        JOIN version_color c ON c.organization_id = ${organizationId} AND c.version_id = t.version_id
        WHERE t.asset_kind <> 'DOCUMENT' AND ciede2000(c.lab_l, c.lab_a, c.lab_b, b.lab[1], b.lab[2], b.lab[3]) <= b.max_delta_e
        GROUP BY t.version_id, t.rule_id, b.hex, b.name, b.max_share
      ) seen WHERE share > max_share + 1e-6 GROUP BY version_id, rule_id
    ),
    judged AS (
      SELECT t.*, r.min_share, r.required, i.intruders, i.intruder, i.intruder_share, s.patches, s.brand, s.neutral, s.worst_hex,
        s.brand + least(s.neutral, r.neutral_allowance) AS allowed, EXISTS (SELECT 1 FROM inks WHERE inks.brand_id = t.brand_id) AS has_palette
      FROM target t JOIN asked r ON r.rule_id = t.rule_id
      LEFT JOIN patch p ON p.version_id = t.version_id
      LEFT JOIN LATERAL (
        SELECT coalesce(sum(u.share) FILTER (WHERE u.part = 'BRAND'), 0) AS brand, coalesce(sum(u.share) FILTER (WHERE u.part = 'NEUTRAL'), 0) AS neutral,
          (array_agg(u.hex) FILTER (WHERE u.part = 'OFF_BRAND'))[1] AS worst_hex, ('[' || string_agg(u.shown || u.part, '"}, ') || '"}]')::jsonb AS patches
        FROM (
          SELECT x.hex, x.share, x.shown, CASE WHEN x.delta_e <= r.max_delta_e THEN 'BRAND' WHEN x.chroma <= r.neutral_max_chroma THEN 'NEUTRAL' ELSE 'OFF_BRAND' END AS part
          FROM unnest(p.hexes, p.shares, p.chromas, p.deltas, p.shown) AS x (hex, share, chroma, delta_e, shown) OFFSET 0
        ) u WHERE p.version_id IS NOT NULL
      ) s ON p.version_id IS NOT NULL
      LEFT JOIN intruder i ON i.version_id = t.version_id AND i.rule_id = t.rule_id
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.patches IS NOT NULL THEN jsonb_build_object('allowedShare', round(t.allowed::numeric, 4), 'brandShare', round(t.brand::numeric, 4),
        'neutralShare', round(t.neutral::numeric, 4)) END`,
      required: sql`t.required`,
      evidence: sql`CASE WHEN t.patches IS NOT NULL OR t.intruders IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('patches', t.patches, 'forbidden', t.intruders)) END`,
      message: sql`CASE
        WHEN t.verdict = 'NOT_APPLICABLE' THEN 'Colours of documents are not judged.'
        WHEN t.verdict = 'NOT_EVALUATED' THEN CASE WHEN t.has_palette THEN 'No colour of this file is known: it was not measured, or nothing in it can be seen.' ELSE 'The brand has no palette yet.' END
        WHEN t.intruders IS NOT NULL THEN format('%s%% of the area is in the forbidden colour %s. Use another colour there.', trim_scale(round((t.intruder_share * 100)::numeric, 1)), t.intruder)
        ELSE format('%s%% of the area is in allowed colours; at least %s%% is needed.', trim_scale(round((t.allowed * 100)::numeric, 1)),
          trim_scale(round((t.min_share * 100)::numeric, 1)))
          || CASE WHEN t.verdict = 'FAIL' AND t.worst_hex IS NOT NULL THEN format(' The largest foreign colour is %s.', t.worst_hex) ELSE '' END END`,
    })}
    FROM (
      SELECT judged.*, CASE
        WHEN asset_kind = 'DOCUMENT' THEN 'NOT_APPLICABLE'
        WHEN intruders IS NOT NULL THEN 'FAIL'
        WHEN patches IS NULL THEN 'NOT_EVALUATED'
        -- shares are stored as floating point and need not add up to the last digit
        WHEN allowed >= min_share - 1e-6 THEN 'PASS' ELSE 'FAIL' END AS verdict
      FROM judged
    ) t`;
}
