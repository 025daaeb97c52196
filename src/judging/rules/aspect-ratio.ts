import { type Sql, sql } from '../../platform/database/sql.js';
import { formatParameters, formatsOf } from './formats.js';
import { findingColumns, type JudgeScope, type RuleModule, selectTargets, TARGET_KEYS } from './rule-module.js';

/** Ratio of width to height: that of one of the formats. Documents: NOT_APPLICABLE. */
export const aspectRatio: RuleModule = {
  kind: 'ASPECT_RATIO',
  description: 'Width and height are in the ratio of one of these formats, which may be presets of channels. Does not apply to documents.',
  parameters: formatParameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  return sql`
    WITH target AS (SELECT ${TARGET_KEYS}, t.width, t.height, (t.parameters ->> 'tolerance')::float8 AS tolerance FROM (${selectTargets('ASPECT_RATIO', scope)}) t),
    format AS MATERIALIZED (${formatsOf('ASPECT_RATIO', scope)}),
    wanted AS MATERIALIZED (SELECT rule_id, string_agg(name, ', ' ORDER BY name) AS names FROM format GROUP BY rule_id)
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.ratio IS NOT NULL THEN jsonb_build_object('widthPx', t.width, 'heightPx', t.height, 'ratio', round(t.ratio::numeric, 4)) END`,
      required: sql`jsonb_build_object('formats', t.names, 'tolerance', t.tolerance)`,
      evidence: sql`CASE WHEN t.nearest IS NOT NULL THEN jsonb_build_object('nearest', t.nearest, 'ratio', round(t.nearest_ratio::numeric, 4)) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN 'A document has no width and height.'
        WHEN 'NOT_EVALUATED' THEN 'The size of this file is not known.'
        WHEN 'PASS' THEN format('%s × %s fits %s.', t.width, t.height, t.nearest)
        ELSE format('%s × %s (%s : 1) is in no asked format; the nearest is %s (%s : 1). Crop the picture.', t.width, t.height,
          round(t.ratio::numeric, 2), t.nearest, round(t.nearest_ratio::numeric, 2)) END`,
    })}
    FROM (
      SELECT target.*, wanted.names, n.name AS nearest, n.ratio AS nearest_ratio, target.width::float8 / target.height AS ratio, CASE
        WHEN target.asset_kind = 'DOCUMENT' THEN 'NOT_APPLICABLE'
        WHEN n.distance IS NULL THEN 'NOT_EVALUATED'
        -- floating point: a tolerance is met that is met to nine digits
        WHEN n.distance <= target.tolerance + 1e-9 THEN 'PASS' ELSE 'FAIL' END AS verdict
      FROM target
      JOIN wanted ON wanted.rule_id = target.rule_id
      LEFT JOIN LATERAL (
        SELECT f.name, f.ratio, abs(target.width::float8 / target.height / f.ratio - 1) AS distance FROM format f
        WHERE f.rule_id = target.rule_id AND target.width IS NOT NULL AND target.height > 0 ORDER BY distance, f.name LIMIT 1
      ) n ON TRUE
    ) t`;
}
