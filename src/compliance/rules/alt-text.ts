import { z } from 'zod';
import { type Sql, sql } from '../../database/sql.js';
import { type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

const parameters = z
  .strictObject({
    minLength: z.int().min(1).max(2000).default(5).describe('Least number of characters, spaces around the text not counted.'),
    maxLength: z.int().min(1).max(2000).default(250).describe('Most characters; screen readers read the text in one go.'),
  })
  .refine((value) => value.minLength <= value.maxLength, { path: ['minLength'], message: 'must not be greater than maxLength' });

/** Alternative text is there, of a sensible length and not a file name. Documents: NOT_APPLICABLE. */
export const altText: RuleModule = {
  kind: 'ALT_TEXT',
  description: 'The picture has an alternative text of a sensible length that is not just a file name. Does not apply to documents.',
  parameters,
  judge,
};

const BLANK = ' \t\r\n\u00a0';
const IMAGE_EXTENSION = '[.](jpe?g|jfif|png|gif|webp|avif|heic|heif|tiff?|bmp|svg|eps|psd|ai|pdf)$';
// What cameras, phones and programs call their files: IMG_1234, DSC00012, PXL_2024..., Screenshot 2024-01-01, image (3).
const MACHINE_NAME =
  '^(img|image|dsc|dscn|dscf|dcim|pxl|mvimg|gopr|screenshot|screen shot|scan|photo|picture|untitled|unnamed|file)[-_ .(]*[0-9][-_ .():0-9]*$';

function judge(scope: JudgeScope): Sql {
  // A stem is a file name only with a digit, dash or underscore in it: "apple" is a fair text for apple.png.
  return sql`
    SELECT t.version_id, t.rule_id, t.asset_id, t.brand_id, t.severity, t.rule_revision,
      CASE t.problem WHEN 'DOCUMENT' THEN 'NOT_APPLICABLE' WHEN 'NONE' THEN 'PASS' ELSE 'FAIL' END AS verdict,
      jsonb_build_object('lengthCharacters', length(t.alt)) AS measured,
      jsonb_build_object('minLengthCharacters', t.min_length, 'maxLengthCharacters', t.max_length, 'fileName', false) AS required,
      CASE WHEN t.problem NOT IN ('DOCUMENT', 'NONE') THEN jsonb_build_object('problem', t.problem, 'altText', t.alt) END AS evidence,
      CASE t.problem
        WHEN 'DOCUMENT' THEN 'Alternative texts are for pictures.'
        WHEN 'MISSING' THEN 'There is no alternative text. Describe what the picture shows.'
        WHEN 'FILE_NAME' THEN 'The alternative text is a file name. Describe what the picture shows instead.'
        WHEN 'TOO_SHORT' THEN format('The alternative text has %s characters; at least %s are needed.', length(t.alt), t.min_length)
        WHEN 'TOO_LONG' THEN format('The alternative text has %s characters; at most %s are allowed. Move details to the description.',
          length(t.alt), t.max_length)
        ELSE 'The alternative text is there and of a sensible length.'
      END AS message,
      NULL::timestamptz AS valid_until, NULL::int AS model_revision_id
    FROM (
      SELECT s.*, CASE
          WHEN s.asset_kind = 'DOCUMENT' THEN 'DOCUMENT'
          WHEN s.alt = '' THEN 'MISSING'
          WHEN lower(s.alt) ~ ${IMAGE_EXTENSION} OR lower(s.alt) = lower(s.file_name) OR lower(s.alt) ~ ${MACHINE_NAME}
            OR (lower(s.alt) = regexp_replace(lower(s.file_name), '[.][a-z0-9]{1,5}$', '') AND s.alt ~ '[-_0-9]') THEN 'FILE_NAME'
          WHEN length(s.alt) < s.min_length THEN 'TOO_SHORT'
          WHEN length(s.alt) > s.max_length THEN 'TOO_LONG'
          ELSE 'NONE' END AS problem
      FROM (
        SELECT target.*, btrim(coalesce(target.alt_text, ''), ${BLANK}) AS alt,
          (target.parameters ->> 'minLength')::int AS min_length, (target.parameters ->> 'maxLength')::int AS max_length
        FROM (${selectTargets('ALT_TEXT', scope)}) target
      ) s
    ) t`;
}
