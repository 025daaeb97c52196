import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

const share = z.number().min(0).max(1);

const parameters = z
  .strictObject({
    minMean: share.default(0.1).describe('Least mean luma, 0 (black) to 1 (white).'),
    maxMean: share.default(0.9).describe('Greatest mean luma, 0 to 1.'),
    maxShadowShare: share.default(1).describe('Most of the area (0 to 1) that may be black without detail.'),
    maxHighlightShare: share.default(1).describe('Most of the area (0 to 1) that may be white without detail.'),
  })
  .refine((given) => given.minMean <= given.maxMean, { path: ['minMean'], message: 'must not be greater than maxMean' });

/** Too dark, too light, crushed shadows, blown highlights. What is see-through does not count. Documents: NOT_APPLICABLE. */
export const exposure: RuleModule = {
  kind: 'EXPOSURE',
  description:
    'The picture is neither too dark nor too light, and its shadows and highlights keep detail; see-through parts do not count. Meant for photographs. Does not apply to SVG, documents and videos.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const number = (key: Sql) => sql`(target.parameters ->> ${key})::float8`;
  const values = sql`${number(sql`'minMean'`)} AS min_mean, ${number(sql`'maxMean'`)} AS max_mean,
    ${number(sql`'maxShadowShare'`)} AS max_shadows, ${number(sql`'maxHighlightShare'`)} AS max_highlights`;
  const outcome = sql`CASE
    WHEN s.asset_kind <> 'IMAGE' OR s.media_type = 'image/svg+xml' THEN 'NOT_APPLICABLE'
    WHEN s.exposure < s.min_mean THEN 'TOO_DARK'
    WHEN s.exposure > s.max_mean THEN 'TOO_LIGHT'
    WHEN s.shadow_share > s.max_shadows THEN 'SHADOWS'
    WHEN s.highlight_share > s.max_highlights THEN 'HIGHLIGHTS'
    WHEN s.exposure IS NULL OR s.shadow_share IS NULL AND (s.max_shadows < 1 OR s.max_highlights < 1) THEN 'NOT_EVALUATED'
    ELSE 'PASS' END`;
  return judgeEach('EXPOSURE', scope, values, outcome, {
    verdict: sql`CASE WHEN t.outcome IN ('NOT_APPLICABLE', 'NOT_EVALUATED', 'PASS') THEN t.outcome ELSE 'FAIL' END`,
    measured: sql`CASE WHEN t.exposure IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('mean', t.exposure, 'shadowShare', t.shadow_share,
      'highlightShare', t.highlight_share)) END`,
    required: sql`t.parameters`,
    evidence: sql`CASE WHEN t.outcome NOT IN ('NOT_APPLICABLE', 'NOT_EVALUATED', 'PASS') THEN jsonb_build_object('fault', t.outcome) END`,
    message: sql`CASE t.outcome
      WHEN 'NOT_APPLICABLE' THEN 'Only pictures made of pixels are exposed.'
      WHEN 'NOT_EVALUATED' THEN 'The exposure of this file is not known: it was not measured yet, or nothing in it can be seen.'
      WHEN 'TOO_DARK' THEN format('The picture is too dark: mean %s, at least %s is needed.', t.exposure, t.min_mean)
      WHEN 'TOO_LIGHT' THEN format('The picture is too light: mean %s, at most %s is allowed.', t.exposure, t.max_mean)
      WHEN 'SHADOWS' THEN format('%s%% of the area is black without detail; at most %s%% is allowed. Lift the shadows.',
        round((t.shadow_share * 100)::numeric, 1), round((t.max_shadows * 100)::numeric, 1))
      WHEN 'HIGHLIGHTS' THEN format('%s%% of the area is white without detail; at most %s%% is allowed. Recover the highlights.',
        round((t.highlight_share * 100)::numeric, 1), round((t.max_highlights * 100)::numeric, 1))
      ELSE 'The exposure is as asked.' END`,
  });
}
