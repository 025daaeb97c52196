import type { AssetFilter, AssetKind, AssetSort, ComplianceVerdict, SearchFacet } from '../graphql/operations';

/** What a view of the library shows: all of it is in the address, so that every view is a link. */
export interface LibrarySearch {
  q?: string | undefined;
  /** Shows the nearest where nothing matches. */
  all?: true | undefined;
  sort?: SortName | undefined;
  tag?: string[] | undefined;
  kind?: string[] | undefined;
  type?: string[] | undefined;
  brand?: string[] | undefined;
  color?: string | undefined;
  verdict?: string | undefined;
  rule?: string | undefined;
  /** ISO time: what came in from then on. */
  since?: string | undefined;
}

const SORTS = {
  newest: { field: 'CREATED_AT', direction: 'DESC' },
  oldest: { field: 'CREATED_AT', direction: 'ASC' },
  title: { field: 'TITLE', direction: 'ASC' },
  largest: { field: 'BYTE_SIZE', direction: 'DESC' },
  changed: { field: 'UPDATED_AT', direction: 'DESC' },
} as const satisfies Record<string, AssetSort>;

export type SortName = keyof typeof SORTS;
export const SORT_NAMES = Object.keys(SORTS) as SortName[];

export const VERDICTS = [
  'FAIL',
  'NEEDS_REVIEW',
  'PASS',
  'NOT_EVALUATED',
  'WAIVED',
  'NOT_APPLICABLE',
  'ERROR',
] as const satisfies ComplianceVerdict[];
const RANKS: readonly string[] = VERDICTS;
/** Place of a verdict among the others, what needs somebody first. */
export const verdictRank = (verdict: string): number => RANKS.indexOf(verdict);

const KINDS = ['IMAGE', 'VIDEO', 'DOCUMENT'] as const satisfies AssetKind[];

/** Addresses are written by anybody: what does not belong is left out, and the rest is shown. */
export function readSearch(raw: Record<string, unknown>): LibrarySearch {
  const list = (name: string) => {
    const value = raw[name];
    const texts = (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string' && item !== '');
    return texts.length > 0 ? [...new Set(texts)].slice(0, 50) : undefined;
  };
  const text = (name: string) => list(name)?.[0];
  const oneOf = <T extends string>(name: string, allowed: readonly T[]) => allowed.find((item) => item === text(name));
  const kinds = list('kind')?.filter((kind) => KINDS.some((known) => known === kind));
  const since = text('since');
  const search: LibrarySearch = {
    q: text('q')?.slice(0, 1000),
    all: text('all') === undefined ? undefined : true,
    sort: oneOf('sort', SORT_NAMES),
    tag: list('tag'),
    kind: kinds?.length ? kinds : undefined,
    type: list('type'),
    brand: list('brand'),
    color: text('color'),
    verdict: oneOf('verdict', VERDICTS),
    rule: text('rule'),
    since: since !== undefined && !Number.isNaN(Date.parse(since)) ? since : undefined,
  };
  for (const name of Object.keys(search) as (keyof LibrarySearch)[]) if (search[name] === undefined) delete search[name];
  return search;
}

/** @param except a facet whose own condition is left out: what else could be chosen there */
export function filterOf(search: LibrarySearch, except?: SearchFacet): AssetFilter | null {
  const { tag, kind, type, brand, color, verdict, rule, since } = search;
  const filter: AssetFilter = {
    ...(tag && except !== 'TAG' && { tags: { all: tag } }),
    ...(kind && except !== 'KIND' && { kinds: kind as AssetKind[] }),
    ...(type && except !== 'MEDIA_TYPE' && { mediaTypes: type }),
    ...(brand && except !== 'BRAND' && { brands: brand }),
    ...(color && except !== 'COLOR' && { color: { name: color } }),
    ...(verdict && except !== 'VERDICT' && { compliance: { verdict: verdict as ComplianceVerdict, ...(rule && { rule }) } }),
    ...(since && { createdAt: { from: since } }),
  };
  return Object.keys(filter).length > 0 ? filter : null;
}

export function variablesOf(search: LibrarySearch) {
  const sort = search.sort ? SORTS[search.sort] : search.q ? null : SORTS.newest;
  return { query: search.q ?? null, filter: filterOf(search), sort, showAll: search.all ?? null };
}

/** How many conditions are set, words aside. */
export const conditionCount = (search: LibrarySearch): number =>
  (['tag', 'kind', 'type', 'brand'] as const).reduce((sum, name) => sum + (search[name]?.length ?? 0), 0) +
  [search.color, search.verdict, search.since].filter((value) => value !== undefined).length;

/** Lists as repeated names: readable, and what other programs write too. */
export function parseAddress(text: string): Record<string, unknown> {
  const params = new URLSearchParams(text);
  return Object.fromEntries(
    [...new Set(params.keys())].map((name) => {
      const values = params.getAll(name);
      return [name, values.length > 1 ? values : values[0]];
    }),
  );
}

export function writeAddress(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? value : [value])
      if (item !== undefined && item !== null) params.append(name, item === true ? '1' : String(item));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
