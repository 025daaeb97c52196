import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

const value = z.number().min(0).max(100_000);

const parameters = z
  .strictObject({
    minSharpness: value
      .default(20)
      .describe('Variance of the Laplacian of luma, at 1024 pixels or less, below which the picture is blurred.'),
    reviewBelow: value.optional().describe('Sharpness below which a person should look; by default none.'),
  })
  .refine((given) => given.reviewBelow === undefined || given.reviewBelow >= given.minSharpness, {
    path: ['reviewBelow'],
    message: 'must not be less than minSharpness',
  });

/** Blur, by the variance of the Laplacian. Flat graphics have little of it though they are sharp: scope the rule to photographs. */
export const sharpness: RuleModule = {
  kind: 'SHARPNESS',
  description:
    'The picture is not blurred. Meant for photographs: flat graphics are low in detail without being blurred. Does not apply to SVG, documents and videos.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const values = sql`(target.parameters ->> 'minSharpness')::float8 AS min_sharpness, (target.parameters ->> 'reviewBelow')::float8 AS review_below`;
  const outcome = sql`CASE
    WHEN s.asset_kind <> 'IMAGE' OR s.media_type = 'image/svg+xml' THEN 'NOT_APPLICABLE'
    WHEN s.sharpness IS NULL THEN 'NOT_EVALUATED'
    WHEN s.sharpness < s.min_sharpness THEN 'FAIL'
    WHEN s.sharpness < s.review_below THEN 'NEEDS_REVIEW'
    ELSE 'PASS' END`;
  return judgeEach('SHARPNESS', scope, values, outcome, {
    verdict: sql`t.outcome`,
    measured: sql`CASE WHEN t.sharpness IS NOT NULL THEN jsonb_build_object('sharpness', t.sharpness) END`,
    required: sql`jsonb_strip_nulls(jsonb_build_object('minSharpness', t.min_sharpness, 'reviewBelow', t.review_below))`,
    message: sql`CASE t.outcome
      WHEN 'NOT_APPLICABLE' THEN 'Only pictures made of pixels can be blurred.'
      WHEN 'NOT_EVALUATED' THEN 'The sharpness of this file was not measured.'
      WHEN 'FAIL' THEN format('The picture is blurred: sharpness %s, at least %s is needed. Use a sharper one.', round(t.sharpness::numeric, 1), t.min_sharpness)
      WHEN 'NEEDS_REVIEW' THEN format('The picture may be blurred: sharpness %s. A person should look.', round(t.sharpness::numeric, 1))
      ELSE format('Sharpness %s, at least %s asked.', round(t.sharpness::numeric, 1), t.min_sharpness) END`,
  });
}
