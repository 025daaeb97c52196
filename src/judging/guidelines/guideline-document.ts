import { z } from 'zod';
import { COLOR_HELP } from '../../engines/pixels/color.js';
import type { MarkRole } from '../../seeing/marks/mark.inputs.js';
import { cssColor } from '../rules/css-color.js';
import { RULE_KINDS, RULES } from '../rules/registry.js';
import { type RuleKind, RuleSeverity, RuleState, RuleTestExpectation } from '../../vocabulary/compliance.js';

/** What the first line of a guideline file says: another number for a format that this one does not read. */
export const GUIDELINE_FORMAT = 'vitrine-guidelines/1';

const KEY = 'lower-case letters, digits and dashes, at most 63, beginning with a letter or digit';
const text = (maxLength: number) => z.string().trim().min(1).max(maxLength);
export const ruleKey = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, KEY);
export const guidelineKey = ruleKey;
export const ruleTitle = text(300);
export const guidelineName = text(200);
export const scopeTags = z.array(text(100)).max(100);
export const sectionsSchema = z.array(z.strictObject({ title: text(200), text: z.string().max(20_000).default('') })).max(200);

const assetReference = z
  .strictObject({
    externalId: text(200).optional().describe('External id of the asset. Looked for first.'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'a SHA-256 as 64 lower-case hexadecimal digits')
      .optional()
      .describe('SHA-256 of its file, where there is no asset of that external id.'),
  })
  .refine((value) => value.externalId !== undefined || value.sha256 !== undefined, {
    path: ['externalId'],
    message: 'an external id is needed, or sha256',
  })
  .describe('An asset, by what it is called in every library that it is imported into.');

const testCase = z.strictObject({
  asset: assetReference,
  expected: z.enum(RuleTestExpectation).describe('What the rule has to say about it.'),
  note: z.string().max(500).default('').describe('Why, for people.'),
});

const ruleFields = {
  key: ruleKey.describe(`Name for programs, unique in the guideline: ${KEY}.`),
  title: ruleTitle.describe('What the rule asks, for people.'),
  severity: z.enum(RuleSeverity).describe('How much it matters when the rule is broken.'),
  scopeTags: scopeTags
    .default([])
    .describe('The rule applies to assets with any of these tags; to all of the brand when empty. Missing tags are made.'),
  scope: z
    .record(z.string(), z.unknown())
    .nullable()
    .default(null)
    .describe(
      'The rule applies to assets that match this filter of the search too, as `ruleCreate` takes it. Left out: to all of the above.',
    ),
  section: z.int().min(0).nullable().default(null).describe('Position of the section that the rule enforces, from 0.'),
  state: z.enum(RuleState).default('PUBLISHED').describe('Whether the rule is to be in force; heeded when the import publishes.'),
  testCases: z
    .array(testCase)
    .max(200)
    .optional()
    .describe('Assets that the rule must pass or fail, in place of the old ones. Left out: those stay.'),
};

const ruleOf = (kind: RuleKind) =>
  z.strictObject({
    ...ruleFields,
    kind: z.literal(kind).describe('What the rule looks at.'),
    parameters: RULES[kind].parameters.prefault({}).describe(RULES[kind].description),
  });

const rule = z.discriminatedUnion('kind', RULE_KINDS.map(ruleOf) as [ReturnType<typeof ruleOf>, ...ReturnType<typeof ruleOf>[]]);

const guideline = z.strictObject({
  key: guidelineKey.optional().describe(`Name for programs, unique in its brand: ${KEY}. Left out: made of the name.`),
  name: guidelineName.describe('Name for people, unique in its brand.'),
  sections: sectionsSchema.default([]).describe('What people read, in order.'),
  rules: z.array(rule).max(500).default([]).describe('What the system judges.'),
});

const brand = z.strictObject({
  key: ruleKey.describe(`Name for programs, unique in the organisation: ${KEY}.`),
  name: text(200).describe('Name for people.'),
  palette: z
    .array(z.strictObject({ name: text(100), hex: cssColor.describe(`${COLOR_HELP} Each colour once.`) }))
    .max(64)
    .optional()
    .describe('Colours of the brand, in place of the old ones. Left out: those stay.'),
  marks: z
    .array(
      z.strictObject({
        name: text(200).describe('Name, unique among the marks of the brand.'),
        role: z
          .enum(['APPROVED', 'WRONG', 'WATERMARK'] satisfies (keyof typeof MarkRole)[])
          .default('APPROVED')
          .describe('The right mark, a wrong one, or a watermark, which rules of the kind WATERMARK judge.'),
        asset: assetReference.describe('The asset whose current file shows the mark.'),
      }),
    )
    .max(8)
    .default([])
    .describe('Marks (logos) to find in pictures. Marks that are not named stay.'),
  guidelines: z.array(guideline).max(50).default([]).describe('Its guidelines. Those that are not named stay.'),
});

const document = z
  .strictObject({
    $schema: z.string().optional().describe('Where editors find this schema; not read.'),
    format: z.literal(GUIDELINE_FORMAT).default(GUIDELINE_FORMAT).describe('The format of the file.'),
    brands: z.array(brand).min(1).max(100).describe('Brands with what is written for them.'),
  })
  .describe('Brands with palettes, marks, guidelines and rules, as one file.');

export { document as guidelineDocument };

export type GuidelineDocument = z.output<typeof document>;
export type DocumentBrand = z.output<typeof brand>;
export type DocumentGuideline = z.output<typeof guideline>;
export type DocumentRule = z.output<typeof rule>;
export type DocumentMark = DocumentBrand['marks'][number];
export type AssetReference = z.output<typeof assetReference>;
export type Section = z.output<typeof sectionsSchema>[number];

/** JSON Schema (2020-12) of guideline files, the parameters of every kind of rule included. */
export function guidelineFileSchema(): Record<string, unknown> {
  return { title: 'Vitrine guideline file', ...(z.toJSONSchema(document, { io: 'input', reused: 'ref' }) as Record<string, unknown>) };
}
