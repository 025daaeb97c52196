import { z } from 'zod';

/** One interval of an asset's rights. Names are in lower case; null: not recorded for lists, no limit for days (`YYYY-MM-DD`, both included). */
export interface RightsGrant {
  territories: string[] | null;
  channels: string[] | null;
  releases: string[] | null;
  startsOn: string | null;
  expiresOn: string | null;
}

const MAX_GRANTS = 50;
const MAX_NAMES = 300;
/** What separates names and grants in a cell cannot be in a name. */
const NAME = /^[^,;|\u0000-\u001f\u007f]{1,60}$/;
/** PostgreSQL has no year 0. */
export const day = z.iso.date('is not a date such as 2027-01-31').refine((text) => !text.startsWith('0000'), 'is before the year 1');

const names = z
  .array(
    z
      .string()
      .transform((name) => name.normalize('NFC').trim().toLowerCase())
      .refine((name) => NAME.test(name) && name.isWellFormed(), 'is not a name of 1 to 60 characters without commas, semicolons and bars'),
  )
  .max(MAX_NAMES, `has more than ${MAX_NAMES} names`)
  .nullish()
  .transform((list) => (list?.length ? [...new Set(list)] : null));

const grant = z
  .strictObject({ territories: names, channels: names, releases: names, startsOn: day.nullish(), expiresOn: day.nullish() })
  .refine(({ startsOn, expiresOn }) => !startsOn || !expiresOn || startsOn <= expiresOn, {
    path: ['expiresOn'],
    message: 'lies before startsOn',
  })
  // In the order of jsonb: assets are compared as JSON.
  .transform(
    ({ territories, channels, releases, startsOn, expiresOn }): RightsGrant => ({
      ...{ channels: channels ?? null, releases: releases ?? null, startsOn: startsOn ?? null },
      ...{ expiresOn: expiresOn ?? null, territories: territories ?? null },
    }),
  );

/** Grants as they come from outside, as a list or as {@link formatGrants} writes them into a cell. */
export const rightsGrants = z.preprocess(
  (given, context) => (typeof given === 'string' ? readCell(given, context) : given),
  z.array(grant).max(MAX_GRANTS, `has more than ${MAX_GRANTS} grants`),
);

/** The first and the last day of all grants; null where one of them has no limit. */
export function spanOf(grants: readonly RightsGrant[]): { startsOn: string | null; expiresOn: string | null } {
  const starts = grants.map(({ startsOn }) => startsOn).sort();
  const ends = grants.map(({ expiresOn }) => expiresOn).sort();
  return {
    startsOn: starts.includes(null) ? null : (starts[0] ?? null),
    expiresOn: ends.includes(null) ? null : (ends.at(-1) ?? null),
  };
}

/** One cell of a table: `de, at | web | model | 2026-01-01..2026-12-31; worldwide | print`. */
export function formatGrants(grants: readonly RightsGrant[]): string {
  return grants
    .map(({ territories, channels, releases, startsOn, expiresOn }) => {
      const days = startsOn === null && expiresOn === null ? '' : `${startsOn ?? ''}..${expiresOn ?? ''}`;
      return [...[territories, channels, releases].map((list) => (list ?? []).join(', ')), days].join(' | ').replace(/[ |]+$/, '') || '|';
    })
    .join('; ');
}

/** The other way round, unchecked but for the number of fields. */
function readCell(cell: string, context: z.RefinementCtx): unknown[] {
  const texts = cell.split(';').map((text) => text.trim());
  return texts.filter(Boolean).map((text) => {
    const fields = text.split('|').map((field) => field.trim());
    const days = /^(\S*?)\s*\.\.\s*(\S*)$/.exec(fields[3] ?? '..');
    if (fields.length > 4 || days === null) {
      context.addIssue({
        code: 'custom',
        message: 'is not spelled `territories | channels | releases | first day..last day`; `;` between grants',
      });
      return z.NEVER;
    }
    const list = (field: string | undefined) => (field ? field.split(',').filter((name) => name.trim()) : null);
    const [territories, channels, releases] = [list(fields[0]), list(fields[1]), list(fields[2])];
    return { territories, channels, releases, startsOn: days[1] || null, expiresOn: days[2] || null };
  });
}
