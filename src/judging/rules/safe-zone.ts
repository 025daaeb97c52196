import { type Sql, sql } from '../../platform/database/sql.js';
import { formatParameters, formatsOf } from './formats.js';
import { findingColumns, type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';
import { textBoxesOf } from './text-boxes.js';

/**
 * Declared text boxes lie inside the safe zone of the format that the picture has. Without declared boxes NOT_EVALUATED: where text stands
 * is not measured. Pictures in none of the formats, and documents: NOT_APPLICABLE.
 */
export const safeZone: RuleModule = {
  kind: 'SAFE_ZONE',
  description:
    'Texts, as the metadata field `textBoxes` declares them, keep the margins free that the channel covers or cuts off. Without declared boxes the rule is not evaluated. Applies to pictures in one of the formats.',
  parameters: formatParameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  return sql`
    WITH target AS (SELECT t.*, (t.parameters ->> 'tolerance')::float8 AS tolerance FROM (${selectTargets('SAFE_ZONE', scope)}) t),
    format AS MATERIALIZED (${formatsOf('SAFE_ZONE', scope)})
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.boxes > 0 THEN jsonb_build_object('boxes', t.boxes, 'boxesOutside', t.boxes_outside) END`,
      required: sql`CASE WHEN t.name IS NOT NULL THEN jsonb_build_object('format', t.name, 'safeZone',
        jsonb_build_object('top', t."top", 'right', t."right", 'bottom', t.bottom, 'left', t."left")) END`,
      evidence: sql`CASE WHEN t.boxes > 0 THEN jsonb_build_object('boxes', t.list) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN CASE WHEN t.asset_kind = 'DOCUMENT' THEN 'A document has no safe zone.' ELSE 'The picture is in none of the formats of this rule.' END
        WHEN 'NOT_EVALUATED' THEN CASE WHEN t.width IS NULL THEN 'The size of this file is not known.' WHEN t.boxes > 0 THEN 'The metadata field textBoxes cannot be read.'
          ELSE 'No text boxes are declared. Say in the metadata field textBoxes where texts stand.' END
        WHEN 'PASS' THEN format('All texts lie inside the safe zone of %s.', t.name)
        ELSE format('%s of %s texts reach into the margin that %s covers. Move them inwards.', t.boxes_outside, t.boxes, t.name) END`,
    })}
    FROM (
      SELECT target.*, f.name, f."top", f."right", f.bottom, f."left", b.boxes, b.boxes_outside, b.list, CASE
        WHEN target.asset_kind = 'DOCUMENT' THEN 'NOT_APPLICABLE'
        WHEN target.width IS NULL OR target.height IS NULL THEN 'NOT_EVALUATED'
        WHEN f.name IS NULL THEN 'NOT_APPLICABLE'
        WHEN b.boxes = 0 OR b.unreadable > 0 THEN 'NOT_EVALUATED'
        WHEN b.boxes_outside > 0 THEN 'FAIL' ELSE 'PASS' END AS verdict
      FROM target
      LEFT JOIN LATERAL (
        SELECT format.* FROM format WHERE format.rule_id = target.rule_id AND target.width IS NOT NULL AND target.height > 0
          AND abs(target.width::float8 / target.height / format.ratio - 1) <= target.tolerance + 1e-9
        ORDER BY abs(target.width::float8 / target.height / format.ratio - 1), format.name LIMIT 1
      ) f ON TRUE
      LEFT JOIN LATERAL (
        SELECT count(*) AS boxes, count(*) FILTER (WHERE x1 IS NULL) AS unreadable, count(*) FILTER (WHERE outside) AS boxes_outside,
          jsonb_agg(jsonb_build_object('left', round(x1::numeric, 4), 'top', round(y1::numeric, 4), 'right', round(x2::numeric, 4),
            'bottom', round(y2::numeric, 4), 'outside', outside) ORDER BY n) AS list
        FROM (
          -- 1e-6: a box that ends at the margin lies inside
          SELECT box.*, x1 < f."left" - 1e-6 OR y1 < f."top" - 1e-6 OR x2 > 1 - f."right" + 1e-6 OR y2 > 1 - f.bottom + 1e-6 AS outside
          FROM (${textBoxesOf(sql`target.metadata`)}) box
        ) o
      ) b ON TRUE
    ) t`;
}
