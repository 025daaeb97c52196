import { badInput } from '../errors.js';
import { fromGlobalId } from '../graphql/global-id.js';
import { readTagName } from '../tags/label.js';
import type { AssetFilter, NumberRange } from './search.inputs.js';

const MAX_DEPTH = 6;
const MAX_CONDITIONS = 100;
const MAX_LIST = 200;

/**
 * Checks a filter from outside and turns global ids into keys, in place of the input's own shape.
 * @throws VitrineError BAD_USER_INPUT naming the condition, such as `filter.or[1].width.min`
 */
export function readFilter(filter: AssetFilter | null | undefined, path = 'filter'): AssetFilter | null {
  if (filter == null) return null;
  const budget = { left: MAX_CONDITIONS };
  return read(filter, path, 1, budget);
}

/** Names of all tags in a filter, with where they stand. */
export function listTagNames(filter: AssetFilter | null, path = 'filter'): { name: string; field: string }[] {
  if (filter === null) return [];
  const own = (['all', 'any', 'none'] as const).flatMap((quantifier) =>
    (filter.tags?.[quantifier] ?? []).map((name, index) => ({ name, field: `${path}.tags.${quantifier}[${index}]` })),
  );
  return [
    ...own,
    ...(filter.and ?? []).flatMap((inner, index) => listTagNames(inner, `${path}.and[${index}]`)),
    ...(filter.or ?? []).flatMap((inner, index) => listTagNames(inner, `${path}.or[${index}]`)),
    ...(filter.not ? listTagNames(filter.not, `${path}.not`) : []),
  ];
}

/** Whether any condition asks about verdicts. */
export function asksCompliance(filter: AssetFilter | null | undefined): boolean {
  if (filter == null) return false;
  return filter.compliance != null || asksCompliance(filter.not) || [...(filter.and ?? []), ...(filter.or ?? [])].some(asksCompliance);
}

function read(filter: AssetFilter, path: string, depth: number, budget: { left: number }): AssetFilter {
  if (depth > MAX_DEPTH) throw badInput(path, `${depth} levels`, `at most ${MAX_DEPTH} levels of and, or, not`);
  // An empty filter counts too: a long list of them is work all the same.
  budget.left -= Math.max(1, Object.values(filter).filter((value) => value != null).length);
  if (budget.left < 0) throw badInput(path, `more than ${MAX_CONDITIONS}`, `at most ${MAX_CONDITIONS} conditions in one filter`);
  for (const list of ['brands', 'kinds', 'mediaTypes', 'externalIds', 'metadata'] as const) {
    const length = filter[list]?.length;
    if (length !== undefined && (length < 1 || length > MAX_LIST)) throw badInput(`${path}.${list}`, length, `1 to ${MAX_LIST} entries`);
  }
  for (const quantifier of ['all', 'any', 'none'] as const) {
    const length = filter.tags?.[quantifier]?.length;
    if (length !== undefined && (length < 1 || length > MAX_LIST))
      throw badInput(`${path}.tags.${quantifier}`, length, `1 to ${MAX_LIST} tags`);
    for (const [index, name] of (filter.tags?.[quantifier] ?? []).entries()) readTagName(name, `${path}.tags.${quantifier}[${index}]`);
  }
  for (const range of ['width', 'height', 'byteSize'] as const) checkRange(filter[range], `${path}.${range}`);
  const time = filter.createdAt;
  if (time && time.from == null && time.before == null) throw badInput(`${path}.createdAt`, {}, 'from, before, or both');
  const text = filter.textContains;
  if (text != null && (text.trim().length < 2 || text.length > 200 || text.includes('\0')))
    throw badInput(`${path}.textContains`, text, '2 to 200 characters');
  for (const [index, condition] of (filter.metadata ?? []).entries()) {
    if (condition.key.length < 1 || condition.key.length > 100 || condition.key.includes('\0')) {
      throw badInput(`${path}.metadata[${index}].key`, condition.key, '1 to 100 characters');
    }
    if (condition.equals?.includes('\0'))
      throw badInput(`${path}.metadata[${index}].equals`, condition.equals, 'text without null characters');
  }
  for (const list of ['externalIds', 'mediaTypes'] as const) {
    for (const [index, text] of (filter[list] ?? []).entries()) {
      if (text.includes('\0')) throw badInput(`${path}.${list}[${index}]`, text, 'text without null characters');
    }
  }
  return {
    ...filter,
    and: filter.and?.map((inner, index) => read(inner, `${path}.and[${index}]`, depth + 1, budget)),
    or: filter.or?.map((inner, index) => read(inner, `${path}.or[${index}]`, depth + 1, budget)),
    not: filter.not && read(filter.not, `${path}.not`, depth + 1, budget),
    brands: filter.brands?.map((id, index) => fromGlobalId('Brand', id, `${path}.brands[${index}]`)),
    collection: filter.collection && fromGlobalId('Collection', filter.collection, `${path}.collection`),
    compliance: filter.compliance && {
      ...filter.compliance,
      brand: fromGlobalId('Brand', filter.compliance.brand, `${path}.compliance.brand`),
    },
  };
}

function checkRange(range: NumberRange | null | undefined, path: string): void {
  if (range == null) return;
  if (range.min == null && range.max == null) throw badInput(path, {}, 'min, max, or both');
  for (const end of ['min', 'max'] as const) {
    const value = range[end];
    if (value != null && (!Number.isFinite(value) || value < 0)) throw badInput(`${path}.${end}`, value, 'a number from 0');
  }
  if (range.min != null && range.max != null && range.min > range.max) throw badInput(path, range, 'min not above max');
}
