import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

/** Names that libvips gives to the colour spaces of files. */
export const COLOR_SPACES = ['srgb', 'b-w', 'cmyk', 'rgb16', 'grey16', 'lab', 'scrgb', 'hsv', 'xyz'] as const;
const presence = z.enum(['ANY', 'REQUIRED', 'FORBIDDEN']).default('ANY');
const bits = z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8), z.literal(10), z.literal(12), z.literal(16), z.literal(32)]);

const parameters = z
  .strictObject({
    colorSpaces: z
      .array(z.enum(COLOR_SPACES))
      .min(1)
      .optional()
      .describe('Colour spaces that are allowed; `b-w` is grey, `rgb16` RGB with 16 bits a channel.'),
    iccProfile: presence.describe('Whether an ICC profile has to be embedded, or must not be.'),
    iccProfiles: z
      .array(z.string().trim().min(1).max(100))
      .min(1)
      .max(20)
      .optional()
      .describe('Parts of names of ICC profiles, such as `FOGRA39`, one of which the embedded profile has to have, whatever the case.'),
    alpha: presence.describe('Whether there has to be an alpha channel, or must not be.'),
    minBits: bits.optional().describe('Least bits a channel.'),
    maxBits: bits.optional().describe('Most bits a channel.'),
  })
  .refine((value) => value.iccProfiles === undefined || value.iccProfile !== 'FORBIDDEN', {
    path: ['iccProfiles'],
    message: 'contradicts iccProfile FORBIDDEN',
  })
  .refine((value) => (value.minBits ?? 0) <= (value.maxBits ?? 64), { path: ['minBits'], message: 'must not be greater than maxBits' })
  .refine(
    (value) =>
      value.colorSpaces !== undefined ||
      value.iccProfiles !== undefined ||
      value.minBits !== undefined ||
      value.maxBits !== undefined ||
      value.iccProfile !== 'ANY' ||
      value.alpha !== 'ANY',
    { path: ['colorSpaces'], message: 'ask for something: a colour space, an ICC profile, alpha or a bit depth' },
  );

/** Colour space, ICC profile, alpha channel and bit depth of bitmap pictures. SVG and documents: NOT_APPLICABLE. */
export const colorEncoding: RuleModule = {
  kind: 'COLOR_ENCODING',
  description:
    'How the picture codes its colours: colour space, ICC profile, alpha channel, bits a channel. Does not apply to SVG, documents and videos.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const p = sql`target.parameters`;
  // A CASE per question, in the order in which people mend them; the first fault is the one that is told.
  const fault = sql`CASE
      WHEN NOT (${p} -> 'colorSpaces') ? target.color_space THEN 'COLOR_SPACE'
      WHEN ${p} ->> 'iccProfile' = 'FORBIDDEN' AND target.has_icc_profile THEN 'ICC_FORBIDDEN'
      WHEN (${p} ->> 'iccProfile' = 'REQUIRED' OR ${p} ? 'iccProfiles') AND NOT target.has_icc_profile THEN 'ICC_MISSING'
      WHEN ${p} ? 'iccProfiles' AND target.has_icc_profile AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements_text(${p} -> 'iccProfiles') part
        WHERE strpos(lower(coalesce(target.icc_profile, '')), lower(part)) > 0) THEN 'ICC_OTHER'
      WHEN ${p} ->> 'alpha' = 'REQUIRED' AND NOT target.has_alpha THEN 'ALPHA_MISSING'
      WHEN ${p} ->> 'alpha' = 'FORBIDDEN' AND target.has_alpha THEN 'ALPHA_FORBIDDEN'
      WHEN target.bit_depth < (${p} ->> 'minBits')::int THEN 'TOO_FEW_BITS'
      WHEN target.bit_depth > (${p} ->> 'maxBits')::int THEN 'TOO_MANY_BITS'
    END AS fault,
    ((${p} ->> 'iccProfile' <> 'ANY' OR ${p} ? 'iccProfiles') AND target.has_icc_profile IS NULL) AS needs_icc,
    (${p} ? 'colorSpaces' AND target.color_space IS NULL OR ${p} ->> 'alpha' <> 'ANY' AND target.has_alpha IS NULL
      OR (${p} ? 'minBits' OR ${p} ? 'maxBits') AND target.bit_depth IS NULL) AS needs_facts`;
  const outcome = sql`CASE
    WHEN s.asset_kind <> 'IMAGE' OR s.media_type = 'image/svg+xml' THEN 'NOT_APPLICABLE'
    WHEN s.fault IS NOT NULL THEN s.fault
    WHEN s.needs_icc THEN 'NEEDS_ICC'
    WHEN s.needs_facts THEN 'NEEDS_FACTS'
    ELSE 'PASS' END`;
  return judgeEach('COLOR_ENCODING', scope, fault, outcome, {
    verdict: sql`CASE WHEN t.outcome IN ('NOT_APPLICABLE', 'PASS') THEN t.outcome WHEN t.outcome IN ('NEEDS_ICC', 'NEEDS_FACTS') THEN 'NOT_EVALUATED' ELSE 'FAIL' END`,
    measured: sql`CASE WHEN t.outcome <> 'NOT_APPLICABLE' THEN jsonb_strip_nulls(jsonb_build_object('colorSpace', t.color_space,
      'hasIccProfile', t.has_icc_profile, 'iccProfile', t.icc_profile, 'hasAlpha', t.has_alpha, 'bits', t.bit_depth)) END`,
    required: sql`t.parameters`,
    evidence: sql`CASE WHEN t.fault IS NOT NULL AND t.outcome = t.fault THEN jsonb_build_object('fault', t.fault) END`,
    message: sql`CASE t.outcome
      WHEN 'NOT_APPLICABLE' THEN 'Only pictures made of pixels are coded so.'
      WHEN 'NEEDS_ICC' THEN 'Whether an ICC profile is embedded was not measured yet; the file is measured again in the background.'
      WHEN 'NEEDS_FACTS' THEN 'The colour encoding of this file is not known.'
      WHEN 'COLOR_SPACE' THEN format('The colour space is %s, which is not allowed here. Convert the picture.', t.color_space)
      WHEN 'ICC_FORBIDDEN' THEN 'An ICC profile is embedded, and none may be. Convert to sRGB and leave it out.'
      WHEN 'ICC_MISSING' THEN 'No ICC profile is embedded. Export the picture with its profile.'
      WHEN 'ICC_OTHER' THEN format('The embedded ICC profile is "%s", not one of those asked for. Convert the picture.', coalesce(t.icc_profile, 'without a name'))
      WHEN 'ALPHA_MISSING' THEN 'There is no alpha channel; a picture with a transparent ground is needed.'
      WHEN 'ALPHA_FORBIDDEN' THEN 'There is an alpha channel, and none may be. Lay the picture on its ground.'
      WHEN 'TOO_FEW_BITS' THEN format('%s bits a channel are too few; at least %s are needed.', t.bit_depth, t.parameters ->> 'minBits')
      WHEN 'TOO_MANY_BITS' THEN format('%s bits a channel are too many; at most %s are allowed.', t.bit_depth, t.parameters ->> 'maxBits')
      ELSE 'The colours are coded as asked.' END`,
  });
}
