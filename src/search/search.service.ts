import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Viewer } from '../access/viewer.js';
import type { AssetRow } from '../assets/asset.queries.js';
import type { Database, OrganizationTx } from '../database/database.js';
import type { Sql } from '../database/sql.js';
import type { EmbeddingService, LibraryModel } from '../embedding/embedding.service.js';
import { badInput, VitrineError } from '../errors.js';
import { type Edge, type Page, readKeys, readPage, toConnection } from '../graphql/connection.js';
import { fromGlobalId } from '../graphql/global-id.js';
import { countFacets } from './facet.queries.js';
import type { FacetCounts } from './facet.types.js';
import { type FacetCounter, type FacetRequest, readFacets } from './facets.js';
import type { AssetFilter } from './filter.inputs.js';
import type { FilterContext } from './filter.queries.js';
import type { FilterService } from './filter.service.js';
import { type MatchedPart, matchedPartsOf } from './matched-part.js';
import { type Match, matchOf, nothing, toDistances } from './match.js';
import { choosePlan, fallBack, type Strategy } from './plan.js';
import { type RankCursor, rankKeys, readRankCursor, SORT_VALUES, sortValue } from './search-cursor.js';
import type { CalibrationService } from '../concepts/calibration.service.js';
import type { Probe } from './candidate.queries.js';
import { type Channel, type DistanceCut, selectResults } from './fusion.queries.js';
import { findAssetVectors, scoreTerms } from './query.queries.js';
import type { QueryReader, ReadExclusion, ReadQuery, ReadTerm } from './query-reader.service.js';
import type { SearchQuery } from './query.inputs.js';
import type { AssetSort } from './search.inputs.js';
import {
  browseAssets,
  countAssets,
  countResults,
  estimateCandidates,
  prepareApproximate,
  rankAssets,
  selectAssets,
  type Ranked,
  type RankedRow,
  type RankRequest,
  type Sort,
} from './search.queries.js';

export interface FoundAsset extends Edge<AssetRow> {
  /** Cosine similarity, -1 to 1; null when nothing was compared. */
  score: number | null;
  /** Cosine distance, 0 to 2. */
  distance: number | null;
  /** By which channels it was found; null without a query. */
  matchedBy: Channel[] | null;
  /** Which parts were nearest; empty: the whole. */
  matchedParts: MatchedPart[];
  /** Cosine similarity to each term that has a vector, in the query's order; empty unless there are several. */
  matchedTerms: { label: string; score: number | null }[];
}

/** How a list was made, so that the caller need not guess. */
export interface SearchReport {
  mode: 'EXACT' | 'APPROXIMATE' | 'BROWSE';
  /** Whether every asset that the filter lets through was looked at. */
  exhaustive: boolean;
  /** Rows compared or listed; counted when called. */
  countScanned(): Promise<number>;
  /** Why this way, in words. */
  reason: string;
  /** The model revision that made the vectors; null when none was needed. */
  modelRevision: string | null;
  /** Whether anything in the library is what was asked for; null without a query. */
  match: Match | null;
  /** How the query was understood; null without one. */
  interpretedAs: { terms: ReadTerm[]; without: ReadExclusion[] } | null;
  notices: string[];
}

export interface AssetPage {
  edges: FoundAsset[];
  pageInfo: ReturnType<typeof toConnection>['pageInfo'];
  /** Assets in the whole list, exactly; counted when called, by a statement of its own. */
  countTotal(): Promise<number>;
  /** The whole list counted by tags, brands and so on; counted when called. @throws VitrineError BAD_USER_INPUT */
  countFacets(request: FacetRequest): Promise<FacetCounts[]>;
  search: SearchReport;
}

export interface AssetSearch {
  query?: string | null;
  search?: SearchQuery | null;
  showAll?: boolean | null;
  filter?: AssetFilter | null;
  minScore?: number | null;
  sort?: AssetSort | null;
  first?: number | null;
  after?: string | null;
}

/** Finds assets: by words, by likeness, or by filter alone. */
export class SearchService {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;
  readonly #filters: FilterService;
  readonly #calibration: CalibrationService;
  readonly #reader: QueryReader;
  /** What passes a filter, as PostgreSQL's statistics say: these change every few minutes, and what follows is checked. */
  readonly #estimates = new LRUCache<string, number>({ max: 1000, ttl: 60_000 });

  constructor(
    database: Database,
    embedding: EmbeddingService,
    filters: FilterService,
    calibration: CalibrationService,
    reader: QueryReader,
  ) {
    this.#database = database;
    this.#embedding = embedding;
    this.#filters = filters;
    this.#calibration = calibration;
    this.#reader = reader;
  }

  /** @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async findAssets(viewer: Viewer, search: AssetSearch): Promise<AssetPage> {
    const { query, search: parts, filter, minScore, sort } = search;
    if (query != null && parts != null)
      throw badInput('search', parts, 'query or search, not both', 'search: give query or search, not both.');
    if (query == null && parts == null) {
      if (minScore != null) throw badInput('minScore', minScore, 'a search with a query', 'minScore: without a query nothing has a score.');
      return this.#browse(viewer, search);
    }
    const order: Sort = sort == null || sort.field === 'RELEVANCE' ? RELEVANCE : sort;
    const checked = await this.#filters.read(viewer, filter);
    const maxDistance = readMinScore(minScore);
    const showAll = search.showAll === true;
    const asked = parts ?? query?.normalize('NFC').trim();
    const model = await this.#embedding.modelOf(viewer.organizationId);
    const { revision } = model.revision;
    const binding = ['query', asked, filter ?? null, maxDistance, showAll, order.field, order.direction, revision];
    const page = readPage(search.first, search.after, ...binding);
    const after = readRankCursor(page, order, search.after);
    const read =
      parts != null ? await this.#reader.readParts(viewer, model, parts) : await this.#reader.readPlain(viewer, model, query as string);
    const whole = both(checked, read.conditions && (await this.#filters.read(viewer, read.conditions)));
    if (read.vector === null) {
      // Only conditions, such as a colour: nothing to rank by.
      const found = await this.#browse(viewer, { ...search, sort: sort?.field === 'RELEVANCE' ? null : (sort ?? null) }, read, binding);
      return {
        ...found,
        search: { ...found.search, interpretedAs: read.interpretedAs, notices: [...read.notices, ...found.search.notices] },
      };
    }
    const cut = showAll || maxDistance !== null ? null : { vector: read.vector };
    return this.#rank(viewer, model, {
      ...{ probe: { vector: read.vector }, filter: whole, maxDistance, sort: order, page, after, notices: read.notices, cut },
      showAll,
      read,
    });
  }

  /**
   * For those that work on what matches: reads a search now, and gives it as a SELECT of asset_id for a transaction. Sure of itself: only
   * what an unrelated query would rarely reach. Null where scores say nothing yet. @param path of the filter, in errors @throws VitrineError BAD_USER_INPUT
   */
  async prepareMatches(
    viewer: Viewer,
    { query, filter }: Pick<AssetSearch, 'query' | 'filter'>,
    path = 'filter',
  ): Promise<(tx: OrganizationTx) => Promise<Sql | null>> {
    const checked = await this.#filters.read(viewer, filter, path);
    const model = await this.#embedding.modelOf(viewer.organizationId);
    const read = query == null ? null : await this.#reader.readPlain(viewer, model, query);
    return async (tx) => {
      const { context } = await this.#filters.resolve(tx, checked, path, model.revision.id);
      if (read?.vector == null) return selectAssets({ filter: checked, context });
      const { pictures: levels, texts, hasParts } = await this.#calibration.cutOf(tx, model.revision.id, read.vector);
      if (levels === null) return null;
      const cut = { keep: 1 - levels.match, match: 1 - levels.match };
      const { words, without } = read;
      return selectResults({
        probe: { vector: read.vector },
        filter: checked,
        context,
        words,
        without,
        cut,
        hasParts,
        passageCut: texts && 1 - texts.match,
        strategy: exactly('a saved search'),
      });
    };
  }

  /** Assets that look like `asset`. @throws VitrineError BAD_USER_INPUT, NOT_FOUND, CURSOR_MISMATCH */
  async findSimilar(viewer: Viewer, { asset, filter, first, after }: AssetSearch & { asset: string }): Promise<AssetPage> {
    const assetId = fromGlobalId('Asset', asset, 'asset');
    const checked = await this.#filters.read(viewer, filter);
    const model = await this.#embedding.modelOf(viewer.organizationId);
    const page = readPage(first, after, 'similar', assetId, filter ?? null, model.revision.revision);
    const cursor = readRankCursor(page, RELEVANCE, after);
    const [compared] = await this.#database.asOrganization(viewer.organizationId, (tx) =>
      findAssetVectors(tx, model.revision.id, [assetId]),
    );
    if (compared === undefined) throw new VitrineError('NOT_FOUND', 'asset: there is no such asset.', { field: 'asset', value: asset });
    if (compared.vector === null) {
      throw badInput(
        'asset',
        asset,
        'an asset with a vector',
        'asset: the current model has no vector of this asset (a document, or not embedded yet), so nothing can be compared with it.',
      );
    }
    return this.#rank(viewer, model, {
      ...{ probe: { assetId }, filter: checked, maxDistance: null, sort: RELEVANCE, page, after: cursor, notices: [] },
      ...{ cut: null, read: null, showAll: false },
    });
  }

  async #rank(
    viewer: Viewer,
    model: LibraryModel,
    { probe, filter, maxDistance, sort, page, after, notices, cut, read, showAll }: RankTask,
  ): Promise<AssetPage> {
    const coverage = await this.#embedding.recentCoverage(viewer.organizationId, model);
    const { found, strategy, about, levels, wanted, termsOf } = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const { context, notices: about } = await this.#filters.resolve(tx, filter, 'filter', model.revision.id);
      const known = cut && (await this.#calibration.cutOf(tx, model.revision.id, cut.vector));
      const { hasParts, hasTexts } = known
        ? { hasParts: known.hasParts, hasTexts: known.texts !== null }
        : await this.#embedding.partsIn(tx);
      const levels = known?.pictures ?? null;
      const wanted = {
        ...{ probe, filter, maxDistance, without: read?.without ?? [] },
        // A walk that began with pictures alone goes on so, whatever words find by now.
        words: after?.at != null && after.ladders === null ? null : (read?.words ?? null),
        // A walk is cut where its first page was, though scores may mean something else by now, or the best match be gone.
        cut: after === null ? levels && toDistances(levels) : after.keep === null ? null : { keep: after.keep, match: ANY_DISTANCE },
        hasParts,
        passageCut: after !== null ? after.passageCut : !hasTexts ? null : showAll ? FARTHEST : known?.texts ? 1 - known.texts.match : null,
      };
      const request = {
        ...{ ...wanted, context, sort, limit: page.first + 1 },
        ...{
          revision: after?.revision ?? null,
          exclude: [...(after?.seen ?? []), ...(read?.hidden ?? [])],
          after: after?.at ?? null,
          ladders: after?.ladders ?? null,
        },
      };
      const planned =
        after !== null
          ? exactly('A later page: everything that passes the filter was compared.')
          : sort.field !== 'RELEVANCE'
            ? exactly('Another order than by likeness: everything that passes the filter was compared.')
            : await this.#plan(tx, model, filter, context, request.limit);
      const ranked = await rankBy(tx, request, planned);
      return { ...ranked, about, levels, wanted, termsOf: await this.#scoreTerms(tx, model, ranked.found.rows, read) };
    });
    const missing = coverage.embeddable - coverage.embedded;
    const exact = strategy.mode === 'EXACT';
    const waiting = `${missing} of ${coverage.embeddable} pictures have no vector of the current model yet and cannot be found by likeness.`;
    // After an approximate page the next one is exact and leaves out what was given; a position would hide what was overlooked.
    const seen = found.rows.slice(0, page.first).map((row) => row.id);
    const revision = after?.revision ?? found.revision;
    const keep = after === null ? keptDistance(found, wanted.cut) : after.keep;
    const { passageCut } = wanted;
    const keysOf = (row: RankedRow) =>
      exact
        ? rankKeys({
            at: { value: sortValue(sort, row), assetId: row.id },
            revision,
            ...{ keep, passageCut },
            ladders: found.ladders,
            seen: after?.seen ?? [],
          })
        : rankKeys({
            at: { value: null, assetId: row.id },
            revision,
            keep,
            passageCut,
            ladders: null,
            seen: seen.slice(0, seen.indexOf(row.id) + 1),
          });
    const count = once(() =>
      this.#resolved(viewer, filter, (tx, context) =>
        countResults(tx, {
          ...{ ...wanted, exclude: read?.hidden ?? [], strategy: exactly('a count') },
          context: { ...context, modelRevisionId: model.revision.id },
        }),
      ),
    );
    const facets: FacetCounter = (by, values) =>
      this.#resolved(viewer, filter, (tx, context) =>
        countFacets(tx, selectResults({ ...wanted, exclude: read?.hidden ?? [], context, strategy: exactly('facets') }), by, values),
      );
    return this.#toPage(
      page,
      found.rows,
      keysOf,
      { count, facets, termsOf },
      {
        mode: strategy.mode,
        exhaustive: exact && missing === 0,
        countScanned: strategy.mode === 'APPROXIMATE' ? async () => strategy.window : count,
        reason: strategy.reason,
        modelRevision: model.revision.revision,
        match: read && matchOf(found, levels && toDistances(levels)),
        interpretedAs: read?.interpretedAs ?? null,
        notices: [...notices, ...about, ...(missing > 0 ? [waiting] : []), ...nothing(found, levels !== null, after !== null)],
      },
    );
  }

  /** What each row of a page has of each term of several. */
  async #scoreTerms(tx: OrganizationTx, model: LibraryModel, rows: readonly RankedRow[], read: ReadQuery | null): Promise<TermsOf> {
    const terms = (read?.interpretedAs.terms ?? []).flatMap(({ label }, index) => {
      const vector = read?.termVectors[index] ?? null;
      return vector === null ? [] : [{ label, vector }];
    });
    if (terms.length < 2 || rows.length === 0) return () => [];
    const scored = await scoreTerms(
      tx,
      model.revision.id,
      rows.map(({ id }) => id),
      terms.map(({ vector }) => vector),
    );
    const scores = new Map(scored.map((row) => [row.assetId, row.scores]));
    return ({ id }) => terms.map(({ label }, index) => ({ label, score: scores.get(id)?.[index] ?? null }));
  }

  async #plan(
    tx: OrganizationTx,
    model: LibraryModel,
    filter: AssetFilter | null,
    context: FilterContext,
    limit: number,
  ): Promise<Strategy> {
    const index = await this.#embedding.findVectorIndex(tx, model.revision);
    if (typeof index === 'string') return { mode: 'EXACT', reason: index };
    const estimate = filter === null ? null : await this.#estimate(tx, filter, context);
    const { vectors, arePartsIndexed } = index;
    return choosePlan({ vectors, arePartsIndexed, dimensions: model.revision.dimensions, estimate, limit });
  }

  async #estimate(tx: OrganizationTx, filter: AssetFilter, context: FilterContext): Promise<number> {
    const key = JSON.stringify([context.organizationId, context.modelRevisionId, context.today, filter]);
    const known = this.#estimates.get(key);
    if (known !== undefined) return known;
    const estimate = await estimateCandidates(tx, filter, context);
    this.#estimates.set(key, estimate);
    return estimate;
  }

  async #browse(
    viewer: Viewer,
    { filter, sort, first, after }: AssetSearch,
    read: ReadQuery | null = null,
    binding: unknown[] | null = null,
  ): Promise<AssetPage> {
    const field = sort?.field ?? 'CREATED_AT';
    if (field === 'RELEVANCE')
      throw badInput('sort.field', field, ['CREATED_AT', 'UPDATED_AT', 'TITLE', 'BYTE_SIZE'], 'sort.field: RELEVANCE needs a query.');
    const order = { field, direction: sort?.direction ?? 'DESC' } as const;
    const conditions = read?.conditions == null ? null : await this.#filters.read(viewer, read.conditions);
    const checked = both(await this.#filters.read(viewer, filter), conditions);
    const page = readPage(first, after, ...(binding ?? ['browse', filter ?? null]), order.field, order.direction);
    const keys = readKeys<readonly [string | number, string]>(page, z.tuple([SORT_VALUES[field], z.uuid()]), after);
    const at = keys && { value: keys[0], assetId: keys[1] };
    const { rows, notices } = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const { context, notices } = await this.#filters.resolve(tx, checked);
      return { rows: await browseAssets(tx, { filter: checked, context, sort: order, limit: page.first + 1, after: at }), notices };
    });
    const count = once(() => this.#resolved(viewer, checked, (tx, context) => countAssets(tx, { filter: checked, context })));
    const facets: FacetCounter = (by, values) =>
      this.#resolved(viewer, checked, (tx, context) => countFacets(tx, selectAssets({ filter: checked, context }), by, values));
    return this.#toPage(
      page,
      rows,
      (row) => [sortValue(order, row), row.id],
      { count, facets },
      {
        mode: 'BROWSE',
        exhaustive: true,
        countScanned: count,
        reason: 'There is no query: all that passes the filter, in the order asked for.',
        modelRevision: null,
        match: null,
        interpretedAs: null,
        notices,
      },
    );
  }

  #resolved<T>(viewer: Viewer, filter: AssetFilter | null, work: (tx: OrganizationTx, context: FilterContext) => Promise<T>): Promise<T> {
    return this.#database.asOrganization(viewer.organizationId, async (tx) => work(tx, (await this.#filters.resolve(tx, filter)).context));
  }

  #toPage<Row extends AssetRow & Partial<RankedRow>>(
    page: Page,
    rows: Row[],
    keysOf: (row: Row) => unknown[],
    { count, facets, termsOf }: { count: () => Promise<number>; facets: FacetCounter; termsOf?: TermsOf },
    search: SearchReport,
  ): AssetPage {
    const { edges, pageInfo } = toConnection<Row, Row>(page, rows, 0, (row) => row, keysOf);
    return {
      edges: edges.map((edge) => {
        const distance = edge.node.distance ?? null;
        const score = distance === null ? null : 1 - distance;
        return {
          ...edge,
          distance,
          score,
          matchedBy: edge.node.channels ?? null,
          matchedParts: matchedPartsOf(edge.node),
          matchedTerms: termsOf?.(edge.node) ?? [],
        };
      }),
      pageInfo,
      countTotal: count,
      countFacets: (request) => readFacets(request, facets),
      search,
    };
  }
}

/** The same promise for every call. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

type TermsOf = (row: { id: string }) => FoundAsset['matchedTerms'];

interface RankTask {
  probe: Probe;
  filter: AssetFilter | null;
  maxDistance: number | null;
  sort: Sort;
  page: Page;
  after: RankCursor | null;
  notices: string[];
  /** The query's vector, where its list is to be cut by what scores mean in this library. */
  cut: { vector: string } | null;
  /** Everything is shown, the nearest first. */
  showAll: boolean;
  read: ReadQuery | null;
}

/** No cosine distance is greater. */
const FARTHEST = 2;
const RELEVANCE = { field: 'RELEVANCE', direction: 'ASC' } as const satisfies Sort;

function both(one: AssetFilter | null, other: AssetFilter | null): AssetFilter | null {
  if (one === null || other === null) return one ?? other;
  return { and: [one, other] };
}

/** Farther than any two vectors are apart. */
const ANY_DISTANCE = 3;
/** Nearer than any. */
const NO_DISTANCE = -1;

/** Where later pages cut: nowhere, where this one did, or so that no picture comes when none did here. */
function keptDistance({ best }: Ranked, cut: DistanceCut | null): number | null {
  if (cut === null) return null;
  return best !== null && best <= cut.match ? cut.keep : NO_DISTANCE;
}

const exactly = (reason: string): Strategy => ({ mode: 'EXACT', reason });

/** Goes the planned way, and the exact one when the index found too little. */
async function rankBy(
  tx: OrganizationTx,
  request: Omit<RankRequest, 'strategy'>,
  planned: Strategy,
): Promise<{ found: Ranked; strategy: Strategy }> {
  if (planned.mode === 'EXACT') return { found: await rankAssets(tx, { ...request, strategy: planned }), strategy: planned };
  await prepareApproximate(tx, planned);
  const found = await rankAssets(tx, { ...request, strategy: planned });
  const passed = found.passed ?? 0;
  if (passed >= planned.required) return { found, strategy: planned };
  const strategy = fallBack(planned, passed);
  return { found: await rankAssets(tx, { ...request, strategy }), strategy };
}

/** @returns the greatest cosine distance of a result */
function readMinScore(minScore: number | null | undefined): number | null {
  if (minScore == null) return null;
  if (!(minScore >= -1 && minScore <= 1)) throw badInput('minScore', minScore, 'a number from -1 to 1');
  return 1 - minScore;
}
