import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

const bytes = z.int().min(1).max(1_000_000_000_000);

const parameters = z
  .strictObject({
    minBytes: bytes.optional().describe('Least size of the file, in bytes.'),
    maxBytes: bytes.optional().describe('Greatest size of the file, in bytes.'),
  })
  .refine((value) => value.minBytes !== undefined || value.maxBytes !== undefined, {
    path: ['maxBytes'],
    message: 'a whole number of bytes is needed, here or as minBytes',
  })
  .refine((value) => (value.minBytes ?? 0) <= (value.maxBytes ?? Number.POSITIVE_INFINITY), {
    path: ['minBytes'],
    message: 'must not be greater than maxBytes',
  });

/** Size of the file in bytes. */
export const byteSize: RuleModule = {
  kind: 'BYTE_SIZE',
  description: 'The file is not larger, nor smaller, than this many bytes.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const values = sql`(target.parameters ->> 'minBytes')::bigint AS min_bytes, (target.parameters ->> 'maxBytes')::bigint AS max_bytes`;
  const outcome = sql`CASE WHEN s.byte_size > s.max_bytes THEN 'TOO_LARGE' WHEN s.byte_size < s.min_bytes THEN 'TOO_SMALL' ELSE 'PASS' END`;
  return judgeEach('BYTE_SIZE', scope, values, outcome, {
    verdict: sql`CASE t.outcome WHEN 'PASS' THEN 'PASS' ELSE 'FAIL' END`,
    measured: sql`jsonb_build_object('bytes', t.byte_size)`,
    required: sql`jsonb_strip_nulls(jsonb_build_object('minBytes', t.min_bytes, 'maxBytes', t.max_bytes))`,
    message: sql`CASE t.outcome
      WHEN 'TOO_LARGE' THEN format('The file has %s bytes; at most %s are allowed. Compress it or make it smaller.', t.byte_size, t.max_bytes)
      WHEN 'TOO_SMALL' THEN format('The file has %s bytes; at least %s are expected. It may be a preview: use the original.', t.byte_size, t.min_bytes)
      ELSE format('The file has %s bytes.', t.byte_size) END`,
  });
}
