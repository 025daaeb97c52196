import { mediaTypesOfName } from '../../engines/media/file-types.js';
import { readHexColor } from '../../engines/pixels/color.js';
import { badInput, isVitrineError } from '../../errors.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { fold } from '../../platform/words/fold.js';
import { spellTagPath } from '../../library/tags/label.js';
import { COLOR_NAMES } from '../../vocabulary/color-name.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import type { Operator } from './plain-query.js';

/** What a query means by a colour that has no name of its own: as near as names of colours are apart. */
const HEX_COLOR = { maxDistance: 12, minShare: 0.1 };

const TYPES: Readonly<Record<string, AssetFilter>> = {
  ...byName(['image', 'images', 'picture', 'photo'], { kinds: ['IMAGE'] }),
  ...byName(['video', 'videos', 'movie'], { kinds: ['VIDEO'] }),
  ...byName(['document', 'documents', 'text'], { kinds: ['DOCUMENT'] }),
  ...Object.fromEntries([...mediaTypesOfName].map(([name, mediaTypes]) => [name, { mediaTypes: [...mediaTypes] }])),
};

const STATES: Readonly<Record<string, AssetFilter>> = {
  ...{
    approved: { release: { states: ['APPROVED'] } },
    draft: { release: { states: ['DRAFT'] } },
    withdrawn: { release: { states: ['WITHDRAWN'] } },
  },
  ...{
    expired: { rights: { states: ['EXPIRED'] } },
    failing: { compliance: { verdict: 'FAIL' } },
    passing: { compliance: { verdict: 'PASS' } },
  },
  ...{ landscape: { orientations: ['LANDSCAPE'] }, portrait: { orientations: ['PORTRAIT'] }, square: { orientations: ['SQUARE'] } },
};

/** What operators name. */
export interface Named {
  /** The key of a brand's row by its key or name. */
  findBrand: (name: string) => Promise<string | null>;
  /** Whether there is a tag of this path, or one below it. */
  hasTag: (path: string) => Promise<boolean>;
}

/**
 * An operator of a query as a condition.
 * @throws VitrineError BAD_USER_INPUT naming `query`
 */
export async function readOperator({ name, value, isNegated }: Operator, named: Named): Promise<AssetFilter> {
  const condition = await read(name, value, named);
  return isNegated ? { not: condition } : condition;
}

async function read(name: Operator['name'], value: string, { findBrand, hasTag }: Named): Promise<AssetFilter> {
  const plain = fold(value).trim();
  const oneOf = (known: Readonly<Record<string, AssetFilter>>) =>
    Object.hasOwn(known, plain) ? (known[plain] as AssetFilter) : refuse(name, value, Object.keys(known));
  switch (name) {
    case 'tag':
      return (await hasTag(spellTagPath(value)))
        ? { tags: { all: [value] } }
        : refuse(name, value, 'a tag that exists (see the query `tags`)');
    case 'brand': {
      const id = await findBrand(value);
      return id === null ? refuse(name, value, 'key or name of a brand that exists') : { brands: [toGlobalId('Brand', id)] };
    }
    case 'color':
      return readColor(value, plain);
    case 'type':
      return /^[a-z]+\/[a-z0-9.+-]+$/.test(plain) ? { mediaTypes: [plain] } : oneOf(TYPES);
    case 'is':
      return oneOf(STATES);
    default: {
      const [start, end] = readDay(name, value);
      return { createdAt: name === 'before' ? { before: start } : { from: end } };
    }
  }
}

function readColor(value: string, plain: string): AssetFilter {
  const name = plain === 'gray' ? 'grey' : plain;
  if ((COLOR_NAMES as readonly string[]).includes(name)) return { color: { name } };
  try {
    return { color: { hex: readHexColor(value, 'query'), ...HEX_COLOR } };
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    return refuse('color', value, ['#rrggbb', ...COLOR_NAMES]);
  }
}

/** A year, month or day (UTC): its first moment, and the first one after it. */
function readDay(name: string, value: string): [Date, Date] {
  const [, year, month, day] = /^(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?$/.exec(value) ?? [];
  const [y, m, d] = [Number(year), Number(month ?? 1), Number(day ?? 1)];
  const start = new Date(Date.UTC(y, m - 1, d));
  const exists = y >= 1000 && start.getUTCMonth() === m - 1 && start.getUTCDate() === d;
  if (year === undefined || !exists) return refuse(name, value, 'a day, month or year, such as 2024-05-31, 2024-05 or 2024');
  const end = day !== undefined ? Date.UTC(y, m - 1, d + 1) : month !== undefined ? Date.UTC(y, m, 1) : Date.UTC(y + 1, 0, 1);
  return [start, new Date(end)];
}

function refuse(name: string, value: string, allowed: string | string[]): never {
  const known = Array.isArray(allowed) ? allowed.join(', ') : allowed;
  throw badInput('query', `${name}:${value}`, allowed, `query: ${name}:${value} is not known; allowed after ${name}: are: ${known}.`);
}

function byName(names: readonly string[], filter: AssetFilter): Record<string, AssetFilter> {
  return Object.fromEntries(names.map((name) => [name, filter]));
}
