import { z } from 'zod';
import { FOREIGN_MESSAGE, selectForeign } from './concepts.js';
import { COMMON_THINGS } from '../../seeing/concepts/common-things.js';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';
import { isFileName, isPlaceholder } from './stand-in-text.js';
import { isOnlyMarks, writtenLength, writtenText } from './written-text.js';

/** What other pictures are of: every fourth tells a right text from a wrong one as well as all of them do (`npm run bench verdicts`). */
export const OTHER_TEXTS: readonly string[] = COMMON_THINGS.filter((_, index) => index % 4 === 0);

const deviations = z.number().min(-10).max(10);
const fits = z
  .strictObject({
    failBelow: deviations.default(-1).describe('Standard deviations below which the text is taken to be of another picture.'),
    passFrom: deviations
      .default(1.5)
      .describe('Standard deviations from which it is taken to be of this one; in between a person should look.'),
  })
  .refine((value) => value.failBelow <= value.passFrom, { path: ['failBelow'], message: 'must not be greater than passFrom' });

const parameters = z
  .strictObject({
    minLength: z
      .int()
      .min(1)
      .max(2000)
      .default(5)
      .describe('Least number of characters, spaces around the text not counted; characters of Chinese, Japanese and Korean count as two.'),
    maxLength: z.int().min(1).max(2000).default(250).describe('Most characters; screen readers read the text in one go.'),
    fits: fits
      .optional()
      .describe(
        'Asks whether the text is about the picture, as the CLIP model sees it: how far its similarity to the picture lies above that of texts about ' +
          'other things, in standard deviations of these. `{}` for the usual thresholds; without it this is not asked.',
      ),
  })
  .refine((value) => value.minLength <= value.maxLength, { path: ['minLength'], message: 'must not be greater than maxLength' });

/**
 * Alternative text is there, of a sensible length, with words of its own: no file name and no placeholder; and, where the rule asks, it fits the picture. Documents: NOT_APPLICABLE.
 * A cosine means nothing by itself, so it is compared with those of {@link OTHER_TEXTS} to the same picture.
 */
export const altText: RuleModule = {
  kind: 'ALT_TEXT',
  description:
    'The picture has an alternative text of a sensible length that is not just a file name or a placeholder, and that is about the picture where the rule asks for that. Does not apply to documents.',
  parameters,
  texts: (value) => (value.fits === undefined ? [] : [...OTHER_TEXTS]),
  judge,
};

/** The longest text that is kept with its vector, in characters. */
const MAX_READ = 500;

/** The alternative text of a row as it is judged. */
export function altTextOf(column: Sql): Sql {
  return writtenText(column);
}

/** Whether the model is to read an alternative text. */
export function isReadable(text: Sql): Sql {
  return sql`length(${text}) BETWEEN 1 AND ${MAX_READ}`;
}

/** Whether a rule in force compares the alternative texts of a brand with their pictures. */
export function asksAltTexts(organizationId: Sql, brandId: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM rule r WHERE r.organization_id = ${organizationId} AND r.brand_id = ${brandId} AND r.kind = 'ALT_TEXT'
    AND r.state = 'PUBLISHED' AND r.parameters ? 'fits')`;
}

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  const model = sql`${scope.modelRevisionId}::int`;
  return sql`
    WITH other AS MATERIALIZED (
      SELECT v.vector FROM text_embedding v
      WHERE v.organization_id = ${organizationId} AND v.model_revision_id = ${model} AND v.text = ANY(${[...OTHER_TEXTS]}::text[])
    ),
    told AS MATERIALIZED (
      SELECT s.*, CASE
          WHEN s.asset_kind = 'DOCUMENT' THEN 'DOCUMENT'
          WHEN s.alt = '' THEN 'MISSING'
          WHEN ${isOnlyMarks(sql`s.alt`)} THEN 'NO_WORDS'
          WHEN ${isFileName(sql`lower(s.alt)`, sql`s.file_name`)} THEN 'FILE_NAME'
          WHEN ${isPlaceholder(sql`lower(s.alt)`)} THEN 'PLACEHOLDER'
          WHEN ${writtenLength(sql`s.alt`)} < s.min_length THEN 'TOO_SHORT'
          WHEN length(s.alt) > s.max_length THEN 'TOO_LONG'
          ELSE 'NONE' END AS formal
      FROM (
        SELECT target.*, ${altTextOf(sql`target.alt_text`)} AS alt,
          (target.parameters ->> 'minLength')::int AS min_length, (target.parameters ->> 'maxLength')::int AS max_length,
          target.parameters -> 'fits' AS fits
        FROM (${selectTargets('ALT_TEXT', scope)}) target
      ) s
    )
    SELECT t.version_id, t.rule_id, t.asset_id, t.brand_id, t.severity, t.rule_revision,
      CASE WHEN t.problem = 'DOCUMENT' THEN 'NOT_APPLICABLE' WHEN t.problem IN ('NONE', 'FITS') THEN 'PASS' WHEN t.problem = 'DOUBTFUL' THEN 'NEEDS_REVIEW'
        WHEN t.problem IN ('UNREADABLE', 'UNREAD', 'UNSEEN', 'FOREIGN') THEN 'NOT_EVALUATED' ELSE 'FAIL' END AS verdict,
      jsonb_strip_nulls(jsonb_build_object('lengthCharacters', length(t.alt), 'fitDeviations', round(t.deviations::numeric, 2))) AS measured,
      jsonb_strip_nulls(jsonb_build_object('minLengthCharacters', t.min_length, 'maxLengthCharacters', t.max_length, 'fileName', false,
        'failBelow', t.fits -> 'failBelow', 'passFrom', t.fits -> 'passFrom')) AS required,
      CASE WHEN t.problem NOT IN ('DOCUMENT', 'NONE') THEN jsonb_strip_nulls(jsonb_build_object('problem', nullif(t.problem, 'FITS'), 'altText', t.alt,
        'cosine', round(t.cosine::numeric, 4), 'otherTextsMean', round(t.mean::numeric, 4), 'otherTextsDeviation', round(t.deviation::numeric, 4), 'part', t.part)) END AS evidence,
      CASE t.problem
        WHEN 'DOCUMENT' THEN 'Alternative texts are for pictures.'
        WHEN 'MISSING' THEN 'There is no alternative text. Describe what the picture shows.'
        WHEN 'NO_WORDS' THEN 'The alternative text has no words. Describe what the picture shows.'
        WHEN 'PLACEHOLDER' THEN 'The alternative text stands in for one that was to be written. Describe what the picture shows instead.'
        WHEN 'FILE_NAME' THEN 'The alternative text is a file name. Describe what the picture shows instead.'
        WHEN 'TOO_SHORT' THEN format('The alternative text has %s characters; at least %s are needed.', ${writtenLength(sql`t.alt`)}, t.min_length)
        WHEN 'TOO_LONG' THEN format('The alternative text has %s characters; at most %s are allowed. Move details to the description.',
          length(t.alt), t.max_length)
        WHEN 'UNREADABLE' THEN 'The alternative text is longer than the model reads, so whether it fits the picture is not known.'
        WHEN 'UNREAD' THEN 'The model has not read the alternative text yet.'
        WHEN 'FOREIGN' THEN ${FOREIGN_MESSAGE}
        WHEN 'UNSEEN' THEN 'The model has not seen this picture yet.'
        WHEN 'OTHER' THEN 'The alternative text seems to be about something else than the picture. Describe what the picture shows.'
        WHEN 'DOUBTFUL' THEN 'The alternative text may not be about the picture. A person should look.'
        WHEN 'FITS' THEN 'The alternative text is there, of a sensible length, and seems to be about the picture.'
        ELSE 'The alternative text is there and of a sensible length.'
      END AS message,
      NULL::timestamptz AS valid_until, CASE WHEN t.fits IS NOT NULL THEN ${model} END AS model_revision_id
    FROM (
      SELECT told.*, best.*, CASE
          WHEN told.formal <> 'NONE' OR told.fits IS NULL THEN told.formal
          WHEN NOT ${isReadable(sql`told.alt`)} OR own.truncated THEN 'UNREADABLE'
          WHEN own.vector IS NULL OR (SELECT count(*) FROM other) < ${OTHER_TEXTS.length} THEN 'UNREAD'
          WHEN best.deviations IS NULL THEN CASE WHEN d.is_foreign THEN 'FOREIGN' ELSE 'UNSEEN' END
          WHEN best.deviations < (told.fits ->> 'failBelow')::float8 THEN 'OTHER'
          WHEN best.deviations < (told.fits ->> 'passFrom')::float8 THEN 'DOUBTFUL'
          ELSE 'FITS' END AS problem
      FROM told
      LEFT JOIN text_embedding own ON told.fits IS NOT NULL AND told.formal = 'NONE' AND own.organization_id = ${organizationId}
        AND own.model_revision_id = ${model} AND own.text = told.alt
      -- the frame of a video that it fits best
      LEFT JOIN LATERAL (
        SELECT e.part, c.cosine, o.mean, o.deviation, (c.cosine - o.mean) / nullif(o.deviation, 0) AS deviations
        FROM asset_embedding e
        CROSS JOIN LATERAL (SELECT 1 - (e.vector <=> own.vector) AS cosine) c
        CROSS JOIN LATERAL (SELECT avg(x.cosine) AS mean, stddev_pop(x.cosine) AS deviation FROM (SELECT 1 - (e.vector <=> other.vector) AS cosine FROM other) x) o
        WHERE own.vector IS NOT NULL AND NOT own.truncated AND e.organization_id = ${organizationId} AND e.model_revision_id = ${model}
          AND e.version_id = told.version_id AND NOT e.of_text AND NOT e.is_foreign AND e.part NOT LIKE 'tile:%'
        ORDER BY deviations DESC NULLS LAST, e.part LIMIT 1
      ) best ON TRUE
      CROSS JOIN LATERAL (${selectForeign(scope, sql`told.version_id`)}) d
    ) t`;
}
