import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

const pixels = z.int().min(1).max(100_000);
const millimetres = z.number().gt(0).max(20_000);

const print = z
  .strictObject({
    widthMm: millimetres.describe('Width of the finished print, in millimetres.'),
    heightMm: millimetres.describe('Height of the finished print, in millimetres.'),
    dpi: z.int().min(1).max(2400).default(300).describe('Least pixels per inch in print; 300 is usual for what is read in the hand.'),
    bleedMm: z.number().min(0).max(100).default(0).describe('Bleed on every side, in millimetres, that the picture has to fill too.'),
    turned: z.boolean().default(false).describe('Whether the picture may also be printed turned by 90 degrees.'),
  })
  .describe('A printed size instead of, or as well as, pixels.');

const parameters = z
  .strictObject({
    minWidthPx: pixels.optional().describe('Least width of the picture, in pixels. Needed without `print`.'),
    minHeightPx: pixels.optional().describe('Least height of the picture, in pixels. Needed without `print`.'),
    print: print.optional(),
  })
  .superRefine((value, context) => {
    for (const side of ['minWidthPx', 'minHeightPx'] as const) {
      if (value[side] === undefined && value.print === undefined)
        context.addIssue({ code: 'custom', path: [side], message: 'a whole number of pixels is needed, or `print`' });
    }
  });

/** Least width and height of bitmap pictures, in pixels or for a printed size. SVG scales, documents have no pixels: NOT_APPLICABLE. */
export const minResolution: RuleModule = {
  kind: 'MIN_RESOLUTION',
  description:
    'The picture has at least this many pixels in width and height, or enough for a printed size. Does not apply to SVG, which scales, nor to documents.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const print = sql`target.parameters -> 'print'`;
  const forPrint = (side: Sql) =>
    sql`ceil(((${print} ->> ${side})::numeric + 2 * (${print} ->> 'bleedMm')::numeric) / 25.4 * (${print} ->> 'dpi')::numeric)::int`;
  const values = sql`${print} IS NOT NULL AS printed, coalesce((${print} ->> 'turned')::boolean, false) AS turned,
    greatest((target.parameters ->> 'minWidthPx')::int, ${forPrint(sql`'widthMm'`)}) AS min_width,
    greatest((target.parameters ->> 'minHeightPx')::int, ${forPrint(sql`'heightMm'`)}) AS min_height,
    round((${print} ->> 'dpi')::numeric * least(target.width::numeric / ${forPrint(sql`'widthMm'`)}, target.height::numeric / ${forPrint(sql`'heightMm'`)}))::int AS dpi,
    round((${print} ->> 'dpi')::numeric * least(target.height::numeric / ${forPrint(sql`'widthMm'`)}, target.width::numeric / ${forPrint(sql`'heightMm'`)}))::int AS turned_dpi`;
  const outcome = sql`CASE
    WHEN s.asset_kind = 'DOCUMENT' OR s.media_type = 'image/svg+xml' THEN 'NOT_APPLICABLE'
    WHEN s.width IS NULL OR s.height IS NULL THEN 'NOT_EVALUATED'
    WHEN s.width >= s.min_width AND s.height >= s.min_height OR s.turned AND s.height >= s.min_width AND s.width >= s.min_height THEN 'PASS'
    ELSE 'FAIL' END`;
  return judgeEach('MIN_RESOLUTION', scope, values, outcome, {
    verdict: sql`t.outcome`,
    measured: sql`CASE WHEN t.width IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('widthPx', t.width, 'heightPx', t.height,
      'dpi', CASE WHEN t.turned THEN greatest(t.dpi, t.turned_dpi) ELSE t.dpi END)) END`,
    required: sql`jsonb_strip_nulls(jsonb_build_object('minWidthPx', t.min_width, 'minHeightPx', t.min_height, 'print', t.parameters -> 'print'))`,
    message: sql`CASE t.outcome
      WHEN 'NOT_APPLICABLE' THEN CASE WHEN t.asset_kind = 'DOCUMENT' THEN 'A document has no pixel size.' ELSE 'SVG scales to any size.' END
      WHEN 'NOT_EVALUATED' THEN 'The pixel size of this file is not known.'
      WHEN 'PASS' THEN format('%s × %s px, at least %s × %s px asked.', t.width, t.height, t.min_width, t.min_height)
      ELSE format('%s × %s px is too small; at least %s × %s px is needed%s. Replace the file with a larger one.',
        t.width, t.height, t.min_width, t.min_height, CASE WHEN t.printed THEN format(' for print at %s dpi', t.parameters -> 'print' ->> 'dpi') ELSE '' END) END`,
  });
}
