import { z } from 'zod';
import { badInput } from '../errors.js';
import { readTagName } from '../tags/label.js';
import { readBy, readParameters } from './read-input.js';
import { RuleKind, RuleSeverity } from './vocabulary.js';

const text = (maxLength: number) => z.string().trim().min(1).max(maxLength);
export const ruleKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes, at most 63, beginning with a letter or digit');
export const ruleTitle = text(300);
export const guidelineName = text(200);
export const scopeTags = z.array(text(100)).max(100);
export const sectionsSchema = z.array(z.strictObject({ title: text(200), text: z.string().max(20_000).default('') })).max(200);

const rule = z.strictObject({
  key: ruleKey,
  title: ruleTitle,
  kind: z.enum(RuleKind),
  severity: z.enum(RuleSeverity),
  parameters: z.record(z.string(), z.unknown()).default({}),
  scopeTags: scopeTags
    .default([])
    .describe('The rule applies to assets with any of these tags; to all of the brand when empty. Missing tags are made.'),
  section: z.int().min(0).nullable().default(null).describe('Position of the section that the rule enforces, from 0.'),
});

const brand = z.strictObject({
  key: z.string(),
  name: z.string(),
  palette: z
    .array(
      z.strictObject({
        name: z.string(),
        hex: z.string(),
        word: z.string().optional().describe('Colour word for drawing samples; not used.'),
      }),
    )
    .default([]),
  logoFile: z.string().nullable().optional().describe('File of the logo beside this document; not used yet.'),
  guideline: z
    .strictObject({ name: guidelineName, sections: sectionsSchema.default([]), rules: z.array(rule).max(500).default([]) })
    .optional(),
});

const document = z.strictObject({ brands: z.array(brand).min(1).max(100) });

export type GuidelineDocument = z.output<typeof document>;
export type DocumentRule = z.output<typeof rule>;
export type Section = z.output<typeof sectionsSchema>[number];

/**
 * Brands with palettes, sections and rules as one JSON document, parameters of all rules included.
 * @throws VitrineError BAD_USER_INPUT with the path of the first fault, such as `document.brands[0].guideline.rules[2].parameters.minShare`
 */
export function readGuidelineDocument(value: unknown, field = 'document'): GuidelineDocument {
  const checked = readBy(document, value, field);
  return {
    brands: checked.brands.map((entry, b) => {
      if (!entry.guideline) return entry;
      const at = `${field}.brands[${b}].guideline`;
      const { sections } = entry.guideline;
      const rules = entry.guideline.rules.map((item, r) => {
        if (item.section !== null && item.section >= sections.length) {
          throw badInput(`${at}.rules[${r}].section`, item.section, `the position of one of the ${sections.length} sections, from 0`);
        }
        for (const [t, tag] of item.scopeTags.entries()) readTagName(tag, `${at}.rules[${r}].scopeTags[${t}]`);
        return { ...item, parameters: readParameters(item.kind, item.parameters, `${at}.rules[${r}].parameters`) };
      });
      return { ...entry, guideline: { ...entry.guideline, rules } };
    }),
  };
}
