import { readHexColor } from '../../engines/pixels/color.js';
import { badInput } from '../../errors.js';
import { fromGlobalId, type NodeType } from '../../platform/graphql/global-id.js';
import { readTagName } from '../tags/label.js';
import { normalText } from '../../platform/words/text-form.js';
import { toPhraseQuery } from '../../platform/words/text-query.js';
import { COLOR_NAMES } from '../../vocabulary/color-name.js';
import type { AssetFilter, ConditionName, Conditions, MetadataFilter, NumberRange, TagFilter } from './filter.inputs.js';

const MAX_DEPTH = 6;
const MAX_CONDITIONS = 100;
const MAX_LIST = 200;
/** As many as a caller may name wherever assets are named one by one. */
const MAX_ASSETS = 1000;
const MAX_COLOR_DISTANCE = 100;

/** Checks a value that stands at `path`. @returns what takes its place: global ids become keys, texts their one spelling */
type Check<T> = (value: T, path: string) => T;

/** How each condition is checked. A condition that is missing here does not compile. */
const CHECKS: { readonly [Name in ConditionName]: Check<Conditions[Name]> } = {
  ids: list(id('Asset'), 'ids', MAX_ASSETS),
  tags: checkTags,
  brands: list(id('Brand')),
  collection: id('Collection'),
  kinds: list(asItIs),
  mediaTypes: list(mediaType),
  width: range(0),
  height: range(0),
  aspectRatio: range(0),
  orientations: list(asItIs),
  byteSize: range(0),
  createdAt: span,
  updatedAt: span,
  capturedOn: span,
  uploadedBy: list(plainText),
  externalIds: list(plainText),
  textContains: (value, path) => (value.trim().length < 2 ? refuse(path, value, '2 to 200 characters') : text(2, 200)(value, path)),
  phrase: (value, path) =>
    toPhraseQuery(value) === null ? refuse(path, value, 'text with a letter, digit or emoji') : text(1, 200)(value, path),
  rights: (value, path) => ({
    ...value,
    territory: given(value.territory, text(1, 100), `${path}.territory`),
    channel: given(value.channel, text(1, 100), `${path}.channel`),
    release: given(value.release, text(1, 100), `${path}.release`),
    states: given(value.states, list(asItIs), `${path}.states`),
  }),
  color: checkColor,
  concepts: list((value, path) => ({
    concept: id('Concept')(value.concept, `${path}.concept`),
    minProbability: given(value.minProbability, number(0, 1), `${path}.minProbability`),
    states: given(value.states, list(asItIs), `${path}.states`),
  })),
  metadata: list(checkMetadata),
  compliance: (value, path) => ({
    ...value,
    brand: given(value.brand, id('Brand'), `${path}.brand`),
    guideline: given(value.guideline, id('Guideline'), `${path}.guideline`),
    rule: given(value.rule, id('Rule'), `${path}.rule`),
    severities: given(value.severities, list(asItIs), `${path}.severities`),
  }),
  release: (value, path) => {
    if (value.states == null && value.broken == null) throw badInput(path, {}, 'states, broken, or both');
    return { ...value, states: given(value.states, list(asItIs), `${path}.states`) };
  },
  searchable: asItIs,
};

function checkColor({ hex, name, maxDistance, minShare }: Conditions['color'], path: string): Conditions['color'] {
  if ((hex == null) === (name == null)) throw badInput(path, { hex, name }, 'one of hex and name');
  if (name != null && maxDistance != null) throw badInput(`${path}.maxDistance`, maxDistance, 'nothing beside name; it goes with hex');
  const known = name?.trim().toLowerCase();
  if (known !== undefined && !(COLOR_NAMES as readonly string[]).includes(known)) throw badInput(`${path}.name`, name, COLOR_NAMES);
  return {
    ...(known === undefined ? { hex: readHexColor(hex as string, `${path}.hex`) } : { name: known }),
    maxDistance: given(maxDistance, number(0, MAX_COLOR_DISTANCE), `${path}.maxDistance`),
    minShare: given(minShare, number(0, 1), `${path}.minShare`),
  };
}

/**
 * Checks a filter from outside and turns global ids into keys, in place of the input's own shape.
 * @throws VitrineError BAD_USER_INPUT naming the condition, such as `filter.or[1].width.min`
 */
export function readFilter(filter: AssetFilter | null | undefined, path = 'filter'): AssetFilter | null {
  if (filter == null) return null;
  return read(filter, path, 1, { left: MAX_CONDITIONS });
}

function read(filter: AssetFilter, path: string, depth: number, budget: { left: number }): AssetFilter {
  if (depth > MAX_DEPTH) throw badInput(path, `${depth} levels`, `at most ${MAX_DEPTH} levels of and, or, not`);
  // An empty filter counts too: a long list of them is work all the same.
  budget.left -= Math.max(1, Object.values(filter).filter((value) => value != null).length);
  if (budget.left < 0) throw badInput(path, `more than ${MAX_CONDITIONS}`, `at most ${MAX_CONDITIONS} conditions in one filter`);
  const inside = (inner: AssetFilter, at: string) => read(inner, at, depth + 1, budget);
  const checked: AssetFilter = {
    and: filter.and?.map((inner, index) => inside(inner, `${path}.and[${index}]`)),
    or: filter.or?.map((inner, index) => inside(inner, `${path}.or[${index}]`)),
    not: filter.not && inside(filter.not, `${path}.not`),
  };
  for (const name of Object.keys(CHECKS) as ConditionName[]) checkOne(name, filter, checked, path);
  return checked;
}

function checkOne<Name extends ConditionName>(name: Name, from: AssetFilter, into: AssetFilter, path: string): void {
  const value = from[name] as Conditions[Name] | null | undefined;
  if (value != null) into[name] = CHECKS[name](value, `${path}.${name}`);
}

/** The filter itself and all filters inside it, from the outside in, with where they stand. */
export function* walkFilter(filter: AssetFilter | null | undefined, path = 'filter'): Generator<{ filter: AssetFilter; path: string }> {
  if (filter == null) return;
  yield { filter, path };
  for (const [index, inner] of (filter.and ?? []).entries()) yield* walkFilter(inner, `${path}.and[${index}]`);
  for (const [index, inner] of (filter.or ?? []).entries()) yield* walkFilter(inner, `${path}.or[${index}]`);
  yield* walkFilter(filter.not, `${path}.not`);
}

/** @throws VitrineError BAD_USER_INPUT naming a condition that `asker` (such as `a scope`) cannot ask, and why */
export function refuseConditions(
  filter: AssetFilter | null,
  path: string,
  refused: Partial<Record<ConditionName, string>>,
  asker: string,
): void {
  for (const { filter: inner, path: at } of walkFilter(filter, path)) {
    for (const [name, reason] of Object.entries(refused)) {
      const value = inner[name as ConditionName];
      if (value != null) throw badInput(`${at}.${name}`, value, 'other conditions', `${at}.${name}: ${asker} cannot ask this: ${reason}.`);
    }
  }
}

/** A filter as JSON keeps it: dates as texts, and nothing of what was not given; null when nothing is left. */
export function plainFilter(filter: object): Record<string, unknown> | null {
  const plain = JSON.parse(JSON.stringify(filter, (_key, entry: unknown) => (entry === null ? undefined : entry))) as Record<
    string,
    unknown
  >;
  return Object.keys(plain).length === 0 ? null : plain;
}

export interface NamedTag {
  name: string;
  field: string;
  includeDescendants: boolean;
}

/** Names of all tags in a filter, with where they stand. */
export function listTagNames(filter: AssetFilter | null, path = 'filter'): NamedTag[] {
  return [...walkFilter(filter, path)].flatMap(({ filter: { tags }, path: at }) =>
    QUANTIFIERS.flatMap((quantifier) =>
      (tags?.[quantifier] ?? []).map((name, index) => ({
        name,
        field: `${at}.tags.${quantifier}[${index}]`,
        includeDescendants: tags?.includeDescendants ?? true,
      })),
    ),
  );
}

export interface NamedId {
  noun: 'brand' | 'collection' | 'concept' | 'guideline' | 'rule';
  id: string;
  field: string;
}

/** All ids in a checked filter, with where they stand. */
export function listIds(filter: AssetFilter | null, path = 'filter'): NamedId[] {
  return [...walkFilter(filter, path)].flatMap(({ filter: { brands, collection, concepts, compliance }, path: at }) => {
    const one = (noun: NamedId['noun'], id: string | null | undefined, field: string): NamedId[] =>
      id == null ? [] : [{ noun, id, field: `${at}.${field}` }];
    return [
      ...(brands ?? []).flatMap((id, index) => one('brand', id, `brands[${index}]`)),
      ...one('collection', collection, 'collection'),
      ...(concepts ?? []).flatMap(({ concept }, index) => one('concept', concept, `concepts[${index}].concept`)),
      ...one('brand', compliance?.brand, 'compliance.brand'),
      ...one('guideline', compliance?.guideline, 'compliance.guideline'),
      ...one('rule', compliance?.rule, 'compliance.rule'),
    ];
  });
}

/** Whether any condition asks about verdicts, or about releases that verdicts break. */
export function asksCompliance(filter: AssetFilter | null | undefined): boolean {
  return [...walkFilter(filter)].some((entry) => entry.filter.compliance != null || entry.filter.release?.broken != null);
}

const QUANTIFIERS = ['all', 'any', 'none'] as const;

function checkTags(tags: TagFilter, path: string): TagFilter {
  for (const quantifier of QUANTIFIERS) given(tags[quantifier], list(tagName, 'tags'), `${path}.${quantifier}`);
  return tags;
}

/** The spelling stays as it is given: it is the key under which the ids are found. */
function tagName(name: string, path: string): string {
  readTagName(name, path);
  return name;
}

function checkMetadata(condition: MetadataFilter, path: string): MetadataFilter {
  return {
    ...condition,
    key: text(1, 100)(condition.key, `${path}.key`),
    equals: given(condition.equals, plainText, `${path}.equals`),
    range: given(condition.range, range(Number.NEGATIVE_INFINITY), `${path}.range`),
  };
}

// ---------------------------------------------------------------- kinds of values

function asItIs<T>(value: T): T {
  return value;
}

function given<T>(value: T | null | undefined, check: Check<T>, path: string): T | null | undefined {
  return value == null ? value : check(value, path);
}

function list<T>(check: Check<T>, noun = 'entries', max = MAX_LIST): Check<T[]> {
  return (values, path) => {
    if (values.length < 1 || values.length > max) throw badInput(path, values.length, `1 to ${max} ${noun}`);
    return values.map((value, index) => check(value, `${path}[${index}]`));
  };
}

function id(type: NodeType): Check<string> {
  return (value, path) => fromGlobalId(type, value, path);
}

function text(min: number, max: number): Check<string> {
  return (value, path) =>
    value.length < min || value.length > max ? refuse(path, value, `${min} to ${max} characters`) : plainText(value, path);
}

/** A text in its one form, as texts are stored. PostgreSQL keeps no null characters, and half a surrogate pair has no UTF-8. */
function plainText(value: string, path: string): string {
  return value.includes('\0') || !value.isWellFormed()
    ? refuse(path, value, 'text without null characters and broken Unicode')
    : normalText(value);
}

/** What programs call some types that have another name in the register of media types. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ...{
    'image/jpg': 'image/jpeg',
    'image/pjpeg': 'image/jpeg',
    'image/x-png': 'image/png',
    'image/tif': 'image/tiff',
    'image/svg': 'image/svg+xml',
  },
  ...{ 'application/x-pdf': 'application/pdf', 'video/mov': 'video/quicktime', 'text/x-markdown': 'text/markdown' },
};

/** Without case and parameters (RFC 2045, 5.1). */
function mediaType(value: string, path: string): string {
  const bare = plainText(value, path).replace(/;.*$/s, '').trim().toLowerCase();
  if (!/^[a-z]+\/[a-z0-9][a-z0-9.+_-]*$/.test(bare)) return refuse(path, value, 'a media type, such as image/png; for all images, `kinds`');
  return MEDIA_TYPES[bare] ?? bare;
}

function number(min: number, max: number): Check<number> {
  const allowed = max === Number.POSITIVE_INFINITY ? (min === 0 ? 'a number from 0' : 'a number') : `a number from ${min} to ${max}`;
  return (value, path) => (Number.isFinite(value) && value >= min && value <= max ? value : refuse(path, value, allowed));
}

function range(lowest: number): Check<NumberRange> {
  return (value, path) => {
    if (value.min == null && value.max == null) throw badInput(path, {}, 'min, max, or both');
    for (const end of ['min', 'max'] as const) given(value[end], number(lowest, Number.POSITIVE_INFINITY), `${path}.${end}`);
    if (value.min != null && value.max != null && value.min > value.max) throw badInput(path, value, 'min not above max');
    return value;
  };
}

function span<T extends { from?: Date | string | null; before?: Date | string | null }>(value: T, path: string): T {
  if (value.from == null && value.before == null) throw badInput(path, {}, 'from, before, or both');
  if (value.from != null && value.before != null && value.from >= value.before) throw badInput(path, value, '`from` earlier than `before`');
  return value;
}

function refuse(path: string, value: unknown, allowed: string): never {
  throw badInput(path, value, allowed);
}
