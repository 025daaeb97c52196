import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

/** IPTC NewsCodes scheme `digitalsourcetype`, as of 2024, retired codes that files still carry included. */
export const DIGITAL_SOURCE_TYPES = [
  'digitalCapture',
  'computationalCapture',
  'negativeFilm',
  'positiveFilm',
  'print',
  'humanEdits',
  'minorHumanEdits',
  'compositeCapture',
  'algorithmicallyEnhanced',
  'dataDrivenMedia',
  'digitalArt',
  'digitalCreation',
  'virtualRecording',
  'compositeSynthetic',
  'trainedAlgorithmicMedia',
  'compositeWithTrainedAlgorithmicMedia',
  'algorithmicMedia',
  'screenCapture',
  'composite',
  'softwareImage',
] as const;

const codes = z.array(z.enum(DIGITAL_SOURCE_TYPES)).min(1);

const parameters = z
  .strictObject({
    allowed: codes.optional().describe('IPTC digital source types that are allowed; others fail.'),
    forbidden: codes
      .default(['trainedAlgorithmicMedia', 'compositeWithTrainedAlgorithmicMedia'])
      .describe('IPTC digital source types that fail; by default pictures made by generative models, wholly or in part.'),
    whenUnknown: z
      .enum(['PASS', 'NEEDS_REVIEW', 'FAIL'])
      .default('NEEDS_REVIEW')
      .describe('What to say of a picture that does not tell its digital source type: most do not.'),
  })
  .superRefine((value, context) => {
    const both = value.allowed?.findIndex((code) => value.forbidden.includes(code)) ?? -1;
    if (both >= 0) context.addIssue({ code: 'custom', path: ['allowed', both], message: 'is forbidden by the same rule' });
  });

/** How the picture came to be, by the word of its XMP. A claim, not a measurement: nothing is concluded from the pixels. */
export const aiProvenance: RuleModule = {
  kind: 'AI_PROVENANCE',
  description:
    "The picture's IPTC digital source type, as its XMP tells it, is allowed: whether it was photographed, drawn or made by a generative model. A claim of the file, not a measurement. Does not apply to documents.",
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const outcome = sql`CASE
    WHEN s.asset_kind = 'DOCUMENT' THEN 'NOT_APPLICABLE'
    WHEN s.digital_source_type IS NULL AND s.facts_revision < 2 THEN 'NOT_EVALUATED'
    WHEN s.digital_source_type IS NULL THEN 'UNKNOWN'
    WHEN s.parameters -> 'forbidden' ? s.digital_source_type THEN 'FORBIDDEN'
    WHEN NOT (s.parameters -> 'allowed') ? s.digital_source_type THEN 'NOT_ALLOWED'
    ELSE 'PASS' END`;
  return judgeEach('AI_PROVENANCE', scope, sql`target.parameters ->> 'whenUnknown' AS when_unknown`, outcome, {
    verdict: sql`CASE WHEN t.outcome IN ('NOT_APPLICABLE', 'NOT_EVALUATED', 'PASS') THEN t.outcome WHEN t.outcome = 'UNKNOWN' THEN t.when_unknown ELSE 'FAIL' END`,
    measured: sql`CASE WHEN t.digital_source_type IS NOT NULL THEN jsonb_build_object('digitalSourceType', t.digital_source_type) END`,
    required: sql`t.parameters`,
    message: sql`CASE t.outcome
      WHEN 'NOT_APPLICABLE' THEN 'Documents have no digital source type.'
      WHEN 'NOT_EVALUATED' THEN 'The digital source type was not read yet; the file is measured again in the background.'
      WHEN 'UNKNOWN' THEN 'The file does not tell its IPTC digital source type. Find out how the picture was made and write it into its XMP.'
      WHEN 'PASS' THEN format('The file says %s.', t.digital_source_type)
      ELSE format('The file says %s, which is not allowed here. Use another picture.', t.digital_source_type) END`,
  });
}
