import { z } from 'zod';
import { type Sql, sql } from '../../database/sql.js';
import { type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

const pixels = z.int().min(1).max(100_000);

const parameters = z.strictObject({
  minWidthPx: pixels.describe('Least width of the picture, in pixels.'),
  minHeightPx: pixels.describe('Least height of the picture, in pixels.'),
});

/** Least width and height of bitmap pictures. SVG scales, documents have no pixels: both NOT_APPLICABLE. */
export const minResolution: RuleModule = {
  kind: 'MIN_RESOLUTION',
  description: 'The picture has at least this many pixels in width and height. Does not apply to SVG, which scales, nor to documents.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  return sql`
    SELECT t.version_id, t.rule_id, t.asset_id, t.brand_id, t.severity, t.rule_revision, t.verdict,
      CASE WHEN t.width IS NOT NULL THEN jsonb_build_object('widthPx', t.width, 'heightPx', t.height) END AS measured,
      jsonb_build_object('minWidthPx', t.min_width, 'minHeightPx', t.min_height) AS required,
      NULL::jsonb AS evidence,
      CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN CASE WHEN t.asset_kind = 'DOCUMENT' THEN 'A document has no pixel size.' ELSE 'SVG scales to any size.' END
        WHEN 'NOT_EVALUATED' THEN 'The pixel size of this file is not known.'
        WHEN 'PASS' THEN format('%s × %s px, at least %s × %s px asked.', t.width, t.height, t.min_width, t.min_height)
        ELSE format('%s × %s px is too small; at least %s × %s px is needed. Replace the file with a larger one.',
          t.width, t.height, t.min_width, t.min_height)
      END AS message,
      NULL::timestamptz AS valid_until, NULL::int AS model_revision_id
    FROM (
      SELECT s.*, CASE
          WHEN s.asset_kind = 'DOCUMENT' OR s.media_type = 'image/svg+xml' THEN 'NOT_APPLICABLE'
          WHEN s.width IS NULL OR s.height IS NULL THEN 'NOT_EVALUATED'
          WHEN s.width >= s.min_width AND s.height >= s.min_height THEN 'PASS'
          ELSE 'FAIL' END AS verdict
      FROM (
        SELECT target.*, (target.parameters ->> 'minWidthPx')::int AS min_width, (target.parameters ->> 'minHeightPx')::int AS min_height
        FROM (${selectTargets('MIN_RESOLUTION', scope)}) target
      ) s
    ) t`;
}
