import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

const parameters = z.strictObject({
  allowed: z
    .array(z.string().regex(/^[a-z]+\/([a-z0-9][a-z0-9.+-]*|\*)$/, 'a media type such as image/png, or all of a kind such as image/*'))
    .min(1)
    .max(50)
    .describe('Media types that are allowed, such as `image/jpeg`; `image/*` stands for all pictures.'),
});

/** The file is of one of the allowed types, by its content and not by its name. */
export const fileFormat: RuleModule = {
  kind: 'FILE_FORMAT',
  description: 'The file is of an allowed type, by its content.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const outcome = sql`CASE WHEN s.parameters -> 'allowed' ? s.media_type OR s.parameters -> 'allowed' ? (split_part(s.media_type, '/', 1) || '/*')
    THEN 'PASS' ELSE 'FAIL' END`;
  return judgeEach('FILE_FORMAT', scope, sql`target.parameters -> 'allowed' AS allowed`, outcome, {
    verdict: sql`t.outcome`,
    measured: sql`jsonb_build_object('mediaType', t.media_type)`,
    required: sql`jsonb_build_object('allowed', t.allowed)`,
    message: sql`CASE t.outcome WHEN 'PASS' THEN format('%s is allowed.', t.media_type)
      ELSE format('%s is not among the allowed types (%s). Export the file as one of them.', t.media_type,
        (SELECT string_agg(x, ', ') FROM jsonb_array_elements_text(t.allowed) x)) END`,
  });
}
