import { z } from 'zod';
import { isVitrineError, VitrineError } from '../../errors.js';
import { readLabel, readTagName } from '../tags/label.js';
import { normalText } from '../../platform/words/text-form.js';
import { day, rightsGrants } from './rights-grants.js';
import { checkTextBoxes, TEXT_BOXES } from './text-boxes.js';

/** U+FFFD stands where characters were lost on the way: whoever sends it has them still. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/;
// Half of a surrogate pair has no UTF-8, so PostgreSQL would refuse the whole batch that it came with.
const readable = (max: number) =>
  z
    .string()
    .max(max)
    .refine(
      (value) => value.isWellFormed() && !CONTROL.test(value),
      'contains control characters, broken Unicode or signs for lost characters (U+FFFD)',
    );
const text = (max: number) => readable(max).transform((value) => normalText(value).trim());
const name = (max: number) => text(max).refine((value) => value.length > 0, 'is empty');
/** Names of other things are checked here as their rooms check them, so that one bad row cannot fail a batch. */
const checked = (read: (value: string) => string) =>
  z.string().transform((value, context) => {
    try {
      return read(value);
    } catch (error) {
      if (!isVitrineError(error)) throw error;
      context.addIssue({ code: 'custom', message: `is not accepted; allowed: ${error.allowed}` });
      return z.NEVER;
    }
  });

const rights = z
  .strictObject({
    holder: text(500).nullish(),
    license: text(500).nullish(),
    startsOn: day.nullish(),
    expiresOn: day.nullish(),
    grants: rightsGrants.nullish(),
  })
  .refine(({ grants, startsOn, expiresOn }) => !grants?.length || (startsOn == null && expiresOn == null), {
    path: ['grants'],
    message: 'cannot stand beside startsOn or expiresOn: each grant has days of its own',
  })
  .refine((value) => !value.startsOn || !value.expiresOn || value.startsOn <= value.expiresOn, {
    path: ['expiresOn'],
    message: 'lies before startsOn',
  });

/** Keys and values in their one form; of two keys that are then alike, the later counts. */
const plainMetadata = (given: Record<string, string | number | boolean | null>) =>
  Object.fromEntries(
    Object.entries(given).map(([key, value]) => [normalText(key).trim() || key, typeof value === 'string' ? normalText(value) : value]),
  );

const metadata = z
  .record(readable(100).min(1), z.union([readable(2000), z.number(), z.boolean(), z.null()]))
  .transform(plainMetadata)
  .refine((value) => Object.keys(value).length <= 100, 'has more than 100 keys')
  .superRefine((value, context) => {
    const boxes = value[TEXT_BOXES];
    if (boxes == null) return;
    try {
      checkTextBoxes(boxes, TEXT_BOXES);
    } catch (error) {
      if (!isVitrineError(error)) throw error;
      context.addIssue({ code: 'custom', path: [TEXT_BOXES], message: `is not accepted; allowed: ${error.allowed}` });
    }
  });

/** What people say about an asset: the same fields in a manifest row, in an import's defaults and in `assetUpdate`. */
export const assetFields = z.strictObject({
  externalId: name(200).nullish(),
  title: name(500).nullish(),
  description: text(10_000).nullish(),
  altText: text(2000).nullish(),
  /** Key of a brand, such as `northwind`. */
  brand: name(63).nullish(),
  tags: z
    .array(checked((value) => readTagName(value, 'tags')))
    .max(50)
    .nullish(),
  /** Name of a collection, made when there is none. */
  collection: checked((value) => readLabel(value, 'collection', 200)).nullish(),
  /** The same for several. */
  collections: z
    .array(checked((value) => readLabel(value, 'collections', 200)))
    .max(50)
    .nullish(),
  rights: rights.nullish(),
  metadata: metadata.nullish(),
});

export type AssetFields = z.output<typeof assetFields>;

/** Names of all collections that the asset is to be put into. */
export function collectionsOf({ collection, collections }: AssetFields): string[] {
  return [...new Set([...(collection ? [collection] : []), ...(collections ?? [])])];
}

/**
 * Checks fields that came from outside.
 * @param path prefix for the field that an error names, such as `input.defaults`
 * @throws VitrineError with `code`, naming field, value and what is allowed
 */
export function parseAssetFields(
  input: unknown,
  path: string,
  code: 'BAD_USER_INPUT' | 'MANIFEST_INVALID' = 'BAD_USER_INPUT',
): AssetFields {
  const parsed = assetFields.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  const at = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] as string] : issue.path;
  const field = [path, ...at.map(String)].filter(Boolean).join('.');
  // A cell of a table stands for all that was read from it.
  const value = at.reduce<unknown>(
    (inner, key) => (typeof inner === 'string' ? inner : (inner as Record<PropertyKey, unknown> | undefined)?.[key]),
    input,
  );
  const allowed = issue.code === 'unrecognized_keys' ? Object.keys(assetFields.shape) : issue.message;
  const message =
    issue.code === 'unrecognized_keys'
      ? `${field} is not a field of an asset; allowed: ${Object.keys(assetFields.shape).join(', ')}. Other facts belong under metadata.`
      : `${field}: ${JSON.stringify(value)?.slice(0, 120)} ${issue.message.replace(/^Invalid input: /, 'is wrong: ')}.`;
  throw new VitrineError(code, message, { field, value, allowed });
}
