import { z } from 'zod';
import { COLOR_HELP } from '../../engines/pixels/color.js';
import { type Sql, sql } from '../../platform/database/sql.js';
import { cssColor } from './css-color.js';
import { findingColumns, type JudgeScope, type RuleModule, selectRules, selectTargets, TARGET_KEYS } from './rule-module.js';
import { textBoxesOf } from './text-boxes.js';

const share = z.number().min(0).max(1);

const area = z
  .strictObject({
    name: z.string().trim().min(1).max(100).describe('What findings call it, such as `headline`.'),
    left: share.describe('Left edge as a share (0 to 1) of the width.'),
    top: share.describe('Top edge as a share (0 to 1) of the height.'),
    width: share.describe('Width as a share of the width.'),
    height: share.describe('Height as a share of the height.'),
    textColor: cssColor.describe(`Colour of the text that is laid over. ${COLOR_HELP}`),
  })
  .refine((value) => value.width > 0 && value.height > 0 && value.left + value.width <= 1 + 1e-9 && value.top + value.height <= 1 + 1e-9, {
    path: ['width'],
    message: 'the area must lie inside the picture',
  });

const parameters = z
  .strictObject({
    minRatio: z
      .number()
      .gt(1)
      .max(21)
      .default(4.5)
      .describe('Least contrast ratio; WCAG 2.2 asks for 4.5 (AA), 3 for large text, 7 for AAA.'),
    minShare: share.default(0.95).describe('Least share (0 to 1) of each area or box where text has that contrast.'),
    overlays: z.array(area).max(20).default([]).describe('Areas of the picture over which text is laid later.'),
    textBoxes: z
      .boolean()
      .default(true)
      .describe('Whether texts in the picture, as its metadata field `textBoxes` declares them with their colour, are judged too.'),
  })
  .refine((value) => value.overlays.length > 0 || value.textBoxes, { path: ['overlays'], message: 'an area is needed, or textBoxes' });

/**
 * WCAG 2.2 contrast over the luminance grid of the picture. Under text that is laid over later, a cell counts where the text stands out
 * from both its darkest and its lightest part; where text is drawn already, from the part that differs from it most: its ground. Where the
 * picture is see-through its ground is not known: when all depends on that, a person has to look.
 */
export const contrast: RuleModule = {
  kind: 'CONTRAST',
  description:
    'Text stands out from its ground by the contrast ratio of WCAG: text that is laid over given areas later, and texts in the picture that its metadata field `textBoxes` declares. Measured over 16 × 16 cells of the picture. Does not apply to documents and videos.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  // A text of luminance l has the ratio r to grounds up to (l + 0.05) / r - 0.05 and from (l + 0.05) * r - 0.05: as greys, cells compare bytes.
  return sql`
    WITH target AS MATERIALIZED (
      SELECT ${TARGET_KEYS}, t.luminance_grid, (t.parameters ->> 'minRatio')::float8 AS min_ratio, (t.parameters ->> 'minShare')::float8 AS min_share,
        CASE WHEN (t.parameters ->> 'textBoxes')::boolean AND t.metadata ? 'textBoxes' THEN t.metadata END AS boxes
      FROM (${selectTargets('CONTRAST', scope)}) t
    ),
    overlay AS MATERIALIZED (
      SELECT o.*, cells.* FROM (
        SELECT r.rule_id, o ->> 'name' AS name, o ->> 'textColor' AS color, (o ->> 'left')::float8 AS x1, (o ->> 'top')::float8 AS y1,
          (o ->> 'left')::float8 + (o ->> 'width')::float8 AS x2, (o ->> 'top')::float8 + (o ->> 'height')::float8 AS y2
        FROM (${selectRules('CONTRAST', scope)}) r CROSS JOIN LATERAL jsonb_array_elements(r.parameters -> 'overlays') o
      ) o CROSS JOIN LATERAL (${CELLS}) cells
    ),
    area AS (
      SELECT t.rule_id, t.version_id, t.luminance_grid, t.min_ratio, o.name, o.color, o.x1, o.y1, o.x2, o.y2, o.cells, o.weights, true AS laid_over
      FROM target t JOIN overlay o ON o.rule_id = t.rule_id WHERE t.luminance_grid IS NOT NULL
      UNION ALL
      SELECT t.rule_id, t.version_id, t.luminance_grid, t.min_ratio, 'text ' || o.n, o.color, o.x1, o.y1, o.x2, o.y2, cells.*, false
      FROM target t CROSS JOIN LATERAL (${textBoxesOf(sql`t.boxes`)}) o CROSS JOIN LATERAL (${CELLS}) cells
      WHERE t.luminance_grid IS NOT NULL AND t.boxes IS NOT NULL AND o.color IS NOT NULL
    ),
    measured AS (
      SELECT a.rule_id, a.version_id, a.name, a.color, a.x1, a.y1, a.x2, a.y2, s.share, s.share + s.unknown AS possible, CASE
        WHEN NOT a.laid_over THEN s.drawn_worst
        WHEN s.straddling THEN 1
        ELSE least(contrast_ratio(text.l, luminance_of_grey(s.darker)), contrast_ratio(text.l, luminance_of_grey(s.lighter))) END AS ratio
      FROM area a
      CROSS JOIN LATERAL (SELECT luminance_of_hex(a.color) AS l OFFSET 0) text
      CROSS JOIN LATERAL (SELECT grey_of_luminance(text.l) AS grey, grey_of_luminance((text.l + 0.05) / a.min_ratio - 0.05) + 1e-6 AS dark,
        grey_of_luminance((text.l + 0.05) * a.min_ratio - 0.05) - 1e-6 AS light OFFSET 0) ground
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(weight) FILTER (WHERE CASE WHEN a.laid_over THEN hi <= ground.dark OR lo >= ground.light ELSE lo <= ground.dark OR hi >= ground.light END), 0)
            / sum(weight) AS share, coalesce(sum(weight) FILTER (WHERE lo IS NULL), 0) / sum(weight) AS unknown,
          bool_or(ground.grey BETWEEN lo AND hi) AS straddling, max(hi) FILTER (WHERE hi < ground.grey) AS darker, min(lo) FILTER (WHERE lo > ground.grey) AS lighter,
          min(CASE WHEN NOT a.laid_over THEN greatest(contrast_ratio(text.l, luminance_of_grey(lo)), contrast_ratio(text.l, luminance_of_grey(hi))) END) AS drawn_worst
        FROM (SELECT CASE WHEN b.lo <= b.hi THEN b.lo END AS lo, CASE WHEN b.lo <= b.hi THEN b.hi END AS hi, b.weight FROM (
          SELECT get_byte(a.luminance_grid, c.cell) AS lo, get_byte(a.luminance_grid, c.cell + 1) AS hi, c.weight FROM unnest(a.cells, a.weights) AS c (cell, weight)
          OFFSET 0) b) grid
      ) s
    ),
    worst AS (
      SELECT rule_id, version_id, min(possible) AS possible, min(share) AS least_share, min(ratio) AS ratio,
        (array_agg(share ORDER BY possible, share, ratio, name))[1] AS share, (array_agg(name ORDER BY possible, share, ratio, name))[1] AS name,
        jsonb_agg(jsonb_build_object('name', name, 'textColor', color, 'left', round(x1::numeric, 4), 'top', round(y1::numeric, 4),
          'right', round(x2::numeric, 4), 'bottom', round(y2::numeric, 4), 'share', round(share::numeric, 4), 'worstRatio', round(ratio::numeric, 2))
          || CASE WHEN possible - share > 1e-9 THEN jsonb_build_object('unknownShare', round((possible - share)::numeric, 4)) ELSE '{}' END
          ORDER BY possible, share, ratio, name) AS areas
      FROM measured GROUP BY rule_id, version_id
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.share IS NOT NULL THEN jsonb_build_object('share', round(t.share::numeric, 4), 'worstRatio', round(t.ratio::numeric, 2)) END`,
      required: sql`jsonb_build_object('minRatio', t.min_ratio, 'minShare', t.min_share)`,
      evidence: sql`CASE WHEN t.areas IS NOT NULL THEN jsonb_build_object('areas', t.areas) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN 'Contrast is measured in pictures.'
        WHEN 'NOT_EVALUATED' THEN CASE WHEN t.luminance_grid IS NULL THEN 'The luminance of this file was not measured yet; it is measured again in the background.'
          ELSE 'No area of text is known. Say in the metadata field textBoxes where texts stand, and in which colour.' END
        WHEN 'NEEDS_REVIEW' THEN format('The picture is see-through under "%s", so the contrast of text there depends on the ground that it is laid on. Look at it there.', t.name)
        WHEN 'PASS' THEN format('Text has a contrast of %s : 1 or more.', t.min_ratio)
        ELSE format('In "%s" text has a contrast of %s : 1 on %s%% of the area only; %s%% is needed. Use another colour, or a calmer or darker ground.',
          t.name, t.min_ratio, round((t.share * 100)::numeric, 1), round((t.min_share * 100)::numeric, 1)) END`,
    })}
    FROM (
      SELECT target.*, w.share, w.ratio, w.name, w.areas, CASE
        WHEN target.asset_kind <> 'IMAGE' THEN 'NOT_APPLICABLE'
        WHEN w.share IS NULL THEN 'NOT_EVALUATED'
        WHEN w.least_share >= target.min_share - 1e-9 THEN 'PASS'
        WHEN w.possible >= target.min_share - 1e-9 THEN 'NEEDS_REVIEW' ELSE 'FAIL' END AS verdict
      FROM target LEFT JOIN worst w ON w.rule_id = target.rule_id AND w.version_id = target.version_id
    ) t`;
}

/** Cells of the grid that a box `o` covers, as places in its bytes, each with the area of it that is covered. */
const CELLS = sql`
  SELECT array_agg(c.cell) AS cells, array_agg(c.weight) AS weights FROM (
    SELECT 2 * (16 * y + x) AS cell, (least(o.x2, (x + 1) / 16.0) - greatest(o.x1, x / 16.0)) * (least(o.y2, (y + 1) / 16.0) - greatest(o.y1, y / 16.0)) AS weight
    FROM generate_series(floor(o.x1 * 16)::int, least(15, ceil(o.x2 * 16)::int - 1)) x, generate_series(floor(o.y1 * 16)::int, least(15, ceil(o.y2 * 16)::int - 1)) y
  ) c WHERE c.weight > 1e-9`;
