import { labOfHex } from '../../engines/pixels/color.js';
import { complianceFilter } from '../../judging/judgements/compliance-filter.queries.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { join, raw, type Sql, sql } from '../../platform/database/sql.js';
import type { TagFamily } from '../../library/tags/tag.queries.js';
import { toPhraseQuery } from '../../platform/words/text-query.js';
import { walkFilter } from '../../library/filters/filter.js';
import type {
  AssetFilter,
  ConditionName,
  Conditions,
  NumberRange,
  RightsFilter,
  RightsState,
} from '../../library/filters/filter.inputs.js';

/** What a filter needs besides itself. */
export interface FilterContext {
  organizationId: string;
  modelRevisionId: number;
  /** By the name as it is spelled in the filter. */
  tags: { get(name: string): TagFamily | undefined };
  /** `YYYY-MM-DD`: the day that rights states are about. */
  today: string;
  /** Rows of `collection_asset`, where they are not those of the present. */
  collectionAssets?: Sql;
}

/**
 * Aliases of the rows that a condition is about, in the statement around it. `search` is a row of `asset_embedding`, which has copies of
 * what filters use most; without `asset` only conditions that {@link needsAsset} does not name can be compiled.
 */
export interface FilterRow {
  asset?: string;
  search?: string;
}

const DEFAULT_COLOR_DISTANCE = 10;
/** CIEDE2000 weighs a difference of lightness down by at most this much (S_L at L 0 or 100), so a greater one needs no formula. */
const MAX_LIGHTNESS_WEIGHT = 1.75;

/** A column that both rows have, under the name that each gives it. */
const SHARED = {
  organization_id: 'organization_id',
  id: 'asset_id',
  current_version_id: 'version_id',
  brand_id: 'brand_id',
  kind: 'kind',
  tag_ids: 'tag_ids',
  created_at: 'created_at',
} as const;

interface Place {
  context: FilterContext;
  organization: Sql;
  /** A column of the search row where there is one, else of the asset. */
  shared(column: keyof typeof SHARED): Sql;
  /** A column that only the asset has. */
  asset(column: string): Sql;
  onSearchRow: boolean;
}

/** A condition of filters: what it is in SQL, and where it may be asked. A new one does not compile without saying so. */
interface Condition<Value> {
  /** ASSET: only the asset's own row has what it reads. */
  reads: 'SEARCH_ROW' | 'ASSET';
  /** Whether a filter with it may say which assets a rule is about; else why not. */
  scope: typeof MAY | Refusal;
  /** Whether the history knows its answer, for reports of the past; else why not. */
  past: typeof MAY | Refusal;
  /** Pieces that must all hold. Values are always bound. */
  sql(value: Value, at: Place): Sql[];
}

const MAY = true;
type Refusal = string;

const CONDITIONS: { readonly [Name in ConditionName]: Condition<Conditions[Name]> } = {
  tags: {
    reads: 'SEARCH_ROW',
    scope: MAY,
    past: MAY,
    sql: ({ all, any, none, includeDescendants }, at) => {
      const column = at.shared('tag_ids');
      const family = (name: string) => {
        const { id, descendantIds } = at.context.tags.get(name) as TagFamily;
        return [...(id === null ? [] : [id]), ...(includeDescendants === false ? [] : descendantIds)];
      };
      const families = (all ?? []).map(family);
      const single = families.flatMap((ids) => (ids.length === 1 ? ids : []));
      return [
        // One condition for those that are alone, one each for those that stand for several.
        ...(single.length === 0 ? [] : [sql`${column} @> ${single}::int[]`]),
        ...families.flatMap((ids) => (ids.length === 1 ? [] : [sql`${column} && ${ids}::int[]`])),
        ...(any ? [sql`${column} && ${any.flatMap(family)}::int[]`] : []),
        ...(none ? [sql`NOT ${column} && ${none.flatMap(family)}::int[]`] : []),
      ];
    },
  },
  ids: { reads: 'SEARCH_ROW', scope: MAY, past: MAY, sql: (ids, at) => [sql`${at.shared('id')} = ANY(${ids}::uuid[])`] },
  brands: { reads: 'SEARCH_ROW', scope: MAY, past: MAY, sql: (ids, at) => [sql`${at.shared('brand_id')} = ANY(${ids}::uuid[])`] },
  collection: {
    reads: 'SEARCH_ROW',
    scope: MAY,
    past: MAY,
    sql: (id, at) => [
      at.context.collectionAssets
        ? sql`${at.shared('id')} IN (SELECT c.asset_id FROM ${at.context.collectionAssets} c WHERE c.collection_id = ${id}::uuid)`
        : sql`EXISTS (SELECT 1 FROM collection_asset c WHERE c.organization_id = ${at.organization} AND c.collection_id = ${id}::uuid
          AND c.asset_id = ${at.shared('id')})`,
    ],
  },
  kinds: { reads: 'SEARCH_ROW', scope: MAY, past: MAY, sql: (kinds, at) => [sql`${at.shared('kind')} = ANY(${kinds}::text[])`] },
  mediaTypes: { reads: 'ASSET', scope: MAY, past: MAY, sql: (types, at) => [sql`${at.asset('media_type')} = ANY(${types}::text[])`] },
  width: { reads: 'ASSET', scope: MAY, past: MAY, sql: (wanted, at) => within(at.asset('width'), wanted) },
  height: { reads: 'ASSET', scope: MAY, past: MAY, sql: (wanted, at) => within(at.asset('height'), wanted) },
  aspectRatio: {
    reads: 'ASSET',
    scope: MAY,
    past: MAY,
    sql: (wanted, at) => within(sql`(${at.asset('width')}::float8 / NULLIF(${at.asset('height')}, 0))`, wanted),
  },
  orientations: {
    reads: 'ASSET',
    scope: MAY,
    past: MAY,
    sql: (wanted, at) => [
      sql`CASE WHEN ${at.asset('width')} > ${at.asset('height')} THEN 'LANDSCAPE' WHEN ${at.asset('width')} < ${at.asset('height')} THEN 'PORTRAIT'
      WHEN ${at.asset('width')} = ${at.asset('height')} THEN 'SQUARE' END = ANY(${wanted}::text[])`,
    ],
  },
  byteSize: { reads: 'ASSET', scope: MAY, past: MAY, sql: (wanted, at) => within(at.asset('byte_size'), wanted) },
  createdAt: { reads: 'SEARCH_ROW', scope: MAY, past: MAY, sql: (span, at) => between(at.shared('created_at'), span, 'timestamptz') },
  updatedAt: {
    reads: 'ASSET',
    scope: 'every change of an asset moves it',
    past: 'every change of an asset moves it',
    sql: (span, at) => between(at.asset('updated_at'), span, 'timestamptz'),
  },
  // Compared as text: what a camera wrote need not be a date that exists, and a cast would fail for everybody. A year or month counts as its first day.
  capturedOn: {
    reads: 'SEARCH_ROW',
    scope: MAY,
    past: 'what stands in files is known for the present only',
    sql: (span, at) => [
      sql`EXISTS (SELECT 1 FROM asset_version v WHERE v.organization_id = ${at.organization} AND v.id = ${at.shared('current_version_id')}
      AND ${join(between(sql`rpad(left(v.exif ->> 'takenAt', 10), 10, '-01-01') COLLATE "C"`, span, 'text'), ' AND ')})`,
    ],
  },
  uploadedBy: { reads: 'ASSET', scope: MAY, past: MAY, sql: (names, at) => [sql`${at.asset('uploaded_by')} = ANY(${names}::text[])`] },
  externalIds: { reads: 'ASSET', scope: MAY, past: MAY, sql: (ids, at) => [sql`${at.asset('external_id')} = ANY(${ids}::text[])`] },
  textContains: {
    reads: 'ASSET',
    scope: MAY,
    past: 'descriptions and texts of documents are known for the present only',
    sql: (wanted, at) => {
      const pattern = `%${wanted.trim().replace(/[\\%_]/g, '\\$&')}%`;
      const fields = ['title', 'description', 'file_name'].map((column) => sql`${at.asset(column)} ILIKE ${pattern}`);
      const inDocument = sql`EXISTS (SELECT 1 FROM asset_version v WHERE v.organization_id = ${at.organization}
      AND v.id = ${at.shared('current_version_id')} AND v.document_text ILIKE ${pattern})`;
      return [sql`(${join([...fields, inDocument], ' OR ')})`];
    },
  },
  phrase: {
    reads: 'SEARCH_ROW',
    scope: MAY,
    past: 'texts are known for the present only',
    sql: (wanted, at) => {
      const query = sql`${toPhraseQuery(wanted)}::tsquery`;
      const tags = sql`ARRAY(SELECT g.id FROM tag g WHERE g.organization_id = ${at.organization} AND g.words @@ ${query})`;
      // Found once, by the index, and not for each row.
      const texts = sql`SELECT t.asset_id FROM asset_text t WHERE t.organization_id = ${at.organization} AND t.document @@ ${query}`;
      return [sql`(${at.shared('id')} IN (${texts}) OR ${at.shared('tag_ids')} && ${tags})`];
    },
  },
  rights: {
    reads: 'ASSET',
    scope: MAY,
    past: 'grants of rights are known for the present only',
    sql: (wanted, at) => {
      const { usableOn, expiresBefore, states } = wanted;
      const [starts, expires] = [at.asset('rights_starts_on'), at.asset('rights_expires_on')];
      const use = rightsUse(wanted);
      const rights = (what: Sql, condition = sql`TRUE`) =>
        sql`(SELECT ${what} FROM ${rightsOf(at)} g WHERE ${join([...use, condition], ' AND ')})`;
      return [
        // The two days of the asset are the span of its grants, and at hand.
        ...(usableOn
          ? [
              sql`(${starts} IS NULL OR ${starts} <= ${usableOn}::date) AND (${expires} IS NULL OR ${expires} >= ${usableOn}::date)
              AND EXISTS ${rights(sql`1`, sql`g.period @> ${usableOn}::date`)}`,
            ]
          : []),
        ...(expiresBefore
          ? [sql`${use.length > 0 ? rights(sql`max(coalesce(g.expires_on, 'infinity'))`) : expires} < ${expiresBefore}::date`]
          : []),
        ...(states ? [sql`${rights(rightsState(at))} = ANY(${states}::text[])`] : []),
        ...(use.length > 0 ? [sql`EXISTS ${rights(sql`1`)}`] : []),
      ];
    },
  },
  color: {
    reads: 'SEARCH_ROW',
    scope: MAY,
    past: 'colours are known for the present only',
    sql: ({ hex, name, maxDistance, minShare }, at) => {
      if (hex == null) {
        if (minShare == null) return [keptIn(at, sql`f.colors @> ARRAY[${name}::text]`)];
        return [
          sql`(SELECT sum(c.share) FROM version_color c WHERE c.organization_id = ${at.organization} AND c.version_id = ${at.shared('current_version_id')}
          AND c.name = ${name}::text) >= ${minShare}::float8 - 1e-9`,
        ];
      }
      const lab = labOfHex(hex);
      const distance = maxDistance ?? DEFAULT_COLOR_DISTANCE;
      const near = sql`FROM version_color c WHERE c.organization_id = ${at.organization} AND c.version_id = ${at.shared('current_version_id')}
      AND abs(c.lab_l - ${lab.L}::float8) <= ${distance * MAX_LIGHTNESS_WEIGHT}::float8
      AND ciede2000(c.lab_l, c.lab_a, c.lab_b, ${lab.L}::float8, ${lab.a}::float8, ${lab.b}::float8) <= ${distance}::float8`;
      return [minShare == null ? sql`EXISTS (SELECT 1 ${near})` : sql`(SELECT sum(c.share) ${near}) >= ${minShare}::float8`];
    },
  },
  concepts: {
    reads: 'SEARCH_ROW',
    scope: 'what the model sees changes without the asset; use a rule about content, or a tag',
    past: 'what the model sees is known for the present only',
    sql: (wanted, at) =>
      wanted.map(
        ({ concept, minProbability, states }) => sql`EXISTS (SELECT 1 FROM concept_match m WHERE m.organization_id = ${at.organization}
        AND m.concept_id = ${concept}::uuid AND m.version_id = ${at.shared('current_version_id')}
        AND m.state = ANY(${states ?? ['OPEN', 'ACCEPTED']}::text[]) AND m.probability >= ${minProbability ?? 0}::float8)`,
      ),
  },
  metadata: {
    reads: 'ASSET',
    scope: MAY,
    past: MAY,
    sql: (wanted, at) =>
      wanted.flatMap(({ key, equals, exists, range }) => {
        const column = at.asset('metadata');
        // numeric, and only after the check: a JSON number may be beyond every float.
        const value = sql`CASE WHEN jsonb_typeof(${column} -> ${key}) = 'number' OR ${column} ->> ${key} ~ ${DECIMAL} THEN (${column} ->> ${key})::numeric END`;
        return [
          ...(exists === false ? [sql`NOT ${column} ? ${key}`] : [sql`${column} ? ${key}`]),
          ...(equals == null ? [] : [sql`${column} ->> ${key} = ${equals}`]),
          ...(range?.min == null ? [] : [sql`${value} >= ${String(range.min)}::numeric`]),
          ...(range?.max == null ? [] : [sql`${value} <= ${String(range.max)}::numeric`]),
        ];
      }),
  },
  compliance: {
    reads: 'SEARCH_ROW',
    scope: 'verdicts are what rules make',
    past: 'verdicts are what it counts',
    sql: ({ brand, guideline, rule, ruleKind, severities, verdict }, at) => [
      complianceFilter({
        organizationId: at.context.organizationId,
        verdict,
        at: { assetId: at.shared('id'), brandId: at.shared('brand_id'), versionId: at.shared('current_version_id') },
        ...(brand != null && { brandId: brand }),
        ...(guideline != null && { guidelineId: guideline }),
        ...(rule != null && { ruleId: rule }),
        ...(ruleKind != null && { ruleKind }),
        ...(severities != null && { severities }),
      }),
    ],
  },
  release: {
    reads: 'SEARCH_ROW',
    scope: 'what rules say decides about releases',
    past: 'releases follow from verdicts',
    sql: ({ states, broken }, at) => {
      const release = sql`FROM version_release l WHERE l.organization_id = ${at.organization} AND l.version_id = ${at.shared('current_version_id')}`;
      const isBroken = sql`EXISTS (SELECT 1 ${release} AND l.state = 'APPROVED' AND l.broken_at IS NOT NULL)`;
      return [
        ...(states ? [sql`coalesce((SELECT l.state ${release}), 'DRAFT') = ANY(${states}::text[])`] : []),
        ...(broken == null ? [] : [broken ? isBroken : sql`NOT ${isBroken}`]),
      ];
    },
  },
  searchable: {
    reads: 'SEARCH_ROW',
    scope: 'vectors are made in the background',
    past: 'vectors are made in the background',
    sql: (wanted, at) => {
      // A row that holds a vector is the answer itself.
      if (at.onSearchRow) return [raw(wanted ? 'TRUE' : 'FALSE')];
      const embedded = sql`EXISTS (SELECT 1 FROM asset_embedding e WHERE e.organization_id = ${at.organization}
      AND e.model_revision_id = ${at.context.modelRevisionId} AND e.version_id = ${at.shared('current_version_id')})`;
      return [wanted ? embedded : sql`NOT ${embedded}`];
    },
  },
};

const NAMES = Object.keys(CONDITIONS) as ConditionName[];

/** Conditions that cannot be asked there, each with the reason. */
export function refusedIn(place: 'scope' | 'past'): Partial<Record<ConditionName, Refusal>> {
  return Object.fromEntries(NAMES.flatMap((name) => (CONDITIONS[name][place] === MAY ? [] : [[name, CONDITIONS[name][place]]])));
}

/** Plain decimal numbers in texts, short enough for any column of numbers. */
const DECIMAL = '^-?[0-9]{1,15}([.][0-9]{1,15})?$';

export async function collectionExists(tx: OrganizationTx, id: string): Promise<boolean> {
  const rows = await tx.query(sql`SELECT 1 FROM collection WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`);
  return rows.length > 0;
}

/** Whether some condition reads what only the asset's own row has. */
export function needsAsset(filter: AssetFilter | null): boolean {
  return [...walkFilter(filter)].some((entry) => NAMES.some((name) => CONDITIONS[name].reads === 'ASSET' && entry.filter[name] != null));
}

/**
 * A checked filter (`readFilter`) as a condition on rows of the statement around it. This is the one place where a condition becomes SQL:
 * search, counts, facets and bulk work all use it. May be null where values are absent; use it in WHERE, or with IS TRUE.
 */
export function compileFilter(filter: AssetFilter | null, context: FilterContext, row: FilterRow): Sql {
  if (filter === null) return sql`TRUE`;
  return compile(filter, {
    context,
    organization: sql`${context.organizationId}::uuid`,
    shared: (column) => raw(row.search ? `${row.search}.${SHARED[column]}` : `${row.asset}.${column}`),
    asset: (column) => {
      if (row.asset === undefined) throw new Error(`the condition needs ${column} of the asset, which is not in the statement`);
      return raw(`${row.asset}.${column}`);
    },
    onSearchRow: row.search !== undefined,
  });
}

function compile(filter: AssetFilter, at: Place): Sql {
  const conditions = (filter.and ?? []).map((inner) => compile(inner, at));
  if (filter.or) {
    const choices = filter.or.map((inner) => compile(inner, at));
    conditions.push(choices.length === 0 ? sql`FALSE` : sql`(${join(choices, ' OR ')})`);
  }
  // Three-valued logic: a condition about an absent value is not true, and its negation must be.
  if (filter.not) conditions.push(sql`(${compile(filter.not, at)}) IS NOT TRUE`);
  for (const name of NAMES) conditions.push(...compileOne(name, filter, at));
  return conditions.length === 0 ? sql`TRUE` : sql`(${join(conditions, ' AND ')})`;
}

function compileOne<Name extends ConditionName>(name: Name, filter: AssetFilter, at: Place): Sql[] {
  const value = filter[name] as Conditions[Name] | null | undefined;
  return value == null ? [] : CONDITIONS[name].sql(value, at);
}

function within(column: Sql, { min, max }: NumberRange): Sql[] {
  return [...(min == null ? [] : [sql`${column} >= ${min}::float8`]), ...(max == null ? [] : [sql`${column} <= ${max}::float8`])];
}

function between(column: Sql, { from, before }: { from?: unknown; before?: unknown }, type: 'timestamptz' | 'text'): Sql[] {
  const bound = (value: unknown) => sql`${value}::${raw(type)}`;
  return [...(from == null ? [] : [sql`${column} >= ${bound(from)}`]), ...(before == null ? [] : [sql`${column} < ${bound(before)}`])];
}

/** What is kept of each asset (`asset_facet`, migration 0203), where this holds of it. */
function keptIn(at: Place, condition: Sql): Sql {
  return sql`${at.shared('id')} IN (SELECT f.asset_id FROM asset_facet f WHERE f.organization_id = ${at.organization} AND ${condition})`;
}

/** The rights of an asset as rows `g`. */
function rightsOf({ asset }: Place): Sql {
  const said = (key: string) => sql`${asset('metadata')} ->> ${key}`;
  return sql`asset_rights(${asset('rights_grants')}, ${asset('rights_starts_on')}, ${asset('rights_expires_on')}, ${said('rightsTerritories')}, ${said('rightsChannels')},
    ${said('rightsReleases')})`;
}

/** What rights `g` have to cover, by the words that the rule USAGE_RIGHTS knows too. */
function rightsUse({ territory, channel, release }: RightsFilter): Sql[] {
  const has = (names: string, wanted: string | null | undefined, any: readonly string[]) =>
    wanted == null ? [] : [sql`${raw(names)} && ${[wanted.trim().toLowerCase(), ...any]}::text[]`];
  return [
    ...has('g.territories', territory, ['worldwide', '*']),
    ...has('g.channels', channel, ['all', '*']),
    ...has('g.releases', release, []),
  ];
}

function rightsState({ asset, context }: Place): Sql {
  const state = (name: keyof typeof RightsState) => sql`${name}::text`;
  const today = sql`${context.today}::date`;
  const nothing = ['holder', 'license', 'starts_on', 'expires_on'].map((column) => sql`${asset(`rights_${column}`)} IS NULL`);
  return sql`CASE WHEN bool_or(g.period @> ${today}) THEN CASE WHEN ${join(nothing, ' AND ')} AND NOT bool_or(g.is_grant) THEN ${state('UNSTATED')} ELSE ${state('CURRENT')} END
    WHEN bool_or(g.starts_on > ${today} AND (g.expires_on IS NULL OR g.expires_on >= ${today})) THEN ${state('PENDING')}
    WHEN count(*) > 0 THEN ${state('EXPIRED')} END`;
}
