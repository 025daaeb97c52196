import { z } from 'zod';
import type { Viewer } from '../access/viewer.js';
import type { AssetRow } from '../assets/asset.queries.js';
import type { Database, OrganizationTx } from '../database/database.js';
import type { EmbeddingService, LibraryModel } from '../embedding/embedding.service.js';
import { badInput, VitrineError } from '../errors.js';
import { type Edge, type Page, readKeys, readPage, toConnection } from '../graphql/connection.js';
import { fromGlobalId } from '../graphql/global-id.js';
import type { AssetFilter } from './filter.inputs.js';
import type { FilterContext } from './filter.queries.js';
import type { FilterService } from './filter.service.js';
import { choosePlan, fallBack, type Strategy } from './plan.js';
import type { AssetSort } from './search.inputs.js';
import {
  browseAssets,
  countAssets,
  countCandidates,
  estimateCandidates,
  prepareApproximate,
  type Probe,
  rankAssets,
  type Ranked,
  type RankedRow,
  type RankRequest,
  type Sort,
} from './search.queries.js';

const MAX_QUERY_CHARACTERS = 1000;

export interface FoundAsset extends Edge<AssetRow> {
  /** Cosine similarity, -1 to 1; null when nothing was compared. */
  score: number | null;
  /** Cosine distance, 0 to 2. */
  distance: number | null;
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
  notices: string[];
}

export interface AssetPage {
  edges: FoundAsset[];
  pageInfo: ReturnType<typeof toConnection>['pageInfo'];
  /** Assets in the whole list, exactly; counted when called, by a statement of its own. */
  countTotal(): Promise<number>;
  search: SearchReport;
}

export interface AssetSearch {
  query?: string | null;
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

  constructor(database: Database, embedding: EmbeddingService, filters: FilterService) {
    this.#database = database;
    this.#embedding = embedding;
    this.#filters = filters;
  }

  /** @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async findAssets(viewer: Viewer, search: AssetSearch): Promise<AssetPage> {
    const { query, filter, minScore, sort } = search;
    if (query == null) {
      if (minScore != null) throw badInput('minScore', minScore, 'a search with a query', 'minScore: without a query nothing has a score.');
      return this.#browse(viewer, search);
    }
    const text = query.normalize('NFC').trim();
    if (text.length < 1 || text.length > MAX_QUERY_CHARACTERS)
      throw badInput('query', query, `a text of 1 to ${MAX_QUERY_CHARACTERS} characters`);
    const order: Sort = sort == null || sort.field === 'RELEVANCE' ? RELEVANCE : sort;
    const checked = await this.#filters.read(viewer, filter);
    const maxDistance = readMinScore(minScore);
    const model = await this.#embedding.modelOf(viewer.organizationId);
    const { revision } = model.revision;
    const page = readPage(search.first, search.after, 'text', text, filter ?? null, maxDistance, order.field, order.direction, revision);
    const after = readRankCursor(page, order, search.after);
    const { vector, truncated } = await model.embedQuery(text);
    const notices = truncated
      ? [`The model reads the first ${model.info.contextLength} tokens of a query; the rest of this one was not used.`]
      : [];
    const probe = { vector: `[${Array.from(vector).join(',')}]` };
    return this.#rank(viewer, model, { probe, filter: checked, maxDistance, sort: order, page, after, notices });
  }

  /** Assets that look like `asset`. @throws VitrineError BAD_USER_INPUT, NOT_FOUND, CURSOR_MISMATCH */
  async findSimilar(viewer: Viewer, { asset, filter, first, after }: AssetSearch & { asset: string }): Promise<AssetPage> {
    const assetId = fromGlobalId('Asset', asset, 'asset');
    const checked = await this.#filters.read(viewer, filter);
    const model = await this.#embedding.modelOf(viewer.organizationId);
    const page = readPage(first, after, 'similar', assetId, filter ?? null, model.revision.revision);
    const cursor = readRankCursor(page, RELEVANCE, after);
    if (!(await this.#exists(viewer, assetId, null)))
      throw new VitrineError('NOT_FOUND', 'asset: there is no such asset.', { field: 'asset', value: asset });
    if (!(await this.#exists(viewer, assetId, { searchable: true }))) {
      throw badInput(
        'asset',
        asset,
        'an asset with a vector',
        'asset: the current model has no vector of this asset (a document, or not embedded yet), so nothing can be compared with it.',
      );
    }
    return this.#rank(viewer, model, {
      ...{ probe: { assetId }, filter: checked, maxDistance: null, sort: RELEVANCE, page, after: cursor, notices: [] },
    });
  }

  async #rank(
    viewer: Viewer,
    model: LibraryModel,
    { probe, filter, maxDistance, sort, page, after, notices }: RankTask,
  ): Promise<AssetPage> {
    const coverage = await this.#embedding.recentCoverage(viewer.organizationId, model);
    const { found, strategy, about } = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const { context, notices: about } = await this.#filters.resolve(tx, filter, 'filter', model.revision.id);
      const request = {
        ...{ probe, filter, context, maxDistance, sort, limit: page.first + 1 },
        ...{ revision: after?.revision ?? null, exclude: after?.seen ?? [], after: after?.at ?? null },
      };
      const planned =
        after !== null
          ? exactly('A later page: everything that passes the filter was compared.')
          : sort.field !== 'RELEVANCE'
            ? exactly('Another order than by likeness: everything that passes the filter was compared.')
            : await this.#plan(tx, model, filter, context, request.limit);
      return { ...(await rankBy(tx, request, planned)), about };
    });
    const missing = coverage.embeddable - coverage.embedded;
    const exact = strategy.mode === 'EXACT';
    const waiting = `${missing} of ${coverage.embeddable} pictures have no vector of the current model yet and cannot be found by likeness.`;
    // After an approximate page the next one is exact and leaves out what was given; a position would hide what was overlooked.
    const seen = found.rows.slice(0, page.first).map((row) => row.id);
    const revision = after?.revision ?? found.revision;
    const keysOf = (row: RankedRow) =>
      exact
        ? [sortValue(sort, row), row.id, revision, ...(after?.seen ?? [])]
        : [null, row.id, revision, ...seen.slice(0, seen.indexOf(row.id) + 1)];
    const count = once(() =>
      this.#resolved(viewer, filter, (tx, context) =>
        countCandidates(tx, {
          probe,
          filter,
          context: { ...context, modelRevisionId: model.revision.id },
          maxDistance,
          strategy: exactly('a count'),
        }),
      ),
    );
    return this.#toPage(page, found.rows, keysOf, count, {
      mode: strategy.mode,
      exhaustive: exact && missing === 0,
      countScanned: strategy.mode === 'APPROXIMATE' ? async () => strategy.window : count,
      reason: strategy.reason,
      modelRevision: model.revision.revision,
      notices: [...notices, ...about, ...(missing > 0 ? [waiting] : [])],
    });
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
    const estimate = filter === null ? null : await estimateCandidates(tx, filter, context);
    return choosePlan({ vectors: index.vectors, dimensions: model.revision.dimensions, estimate, limit });
  }

  async #browse(viewer: Viewer, { filter, sort, first, after }: AssetSearch): Promise<AssetPage> {
    const field = sort?.field ?? 'CREATED_AT';
    if (field === 'RELEVANCE')
      throw badInput('sort.field', field, ['CREATED_AT', 'UPDATED_AT', 'TITLE', 'BYTE_SIZE'], 'sort.field: RELEVANCE needs a query.');
    const order = { field, direction: sort?.direction ?? 'DESC' } as const;
    const checked = await this.#filters.read(viewer, filter);
    const page = readPage(first, after, 'browse', filter ?? null, order.field, order.direction);
    const keys = readKeys<readonly [string | number, string]>(page, z.tuple([SORT_VALUES[field], z.uuid()]), after);
    const at = keys && { value: keys[0], assetId: keys[1] };
    const { rows, notices } = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const { context, notices } = await this.#filters.resolve(tx, checked);
      return { rows: await browseAssets(tx, { filter: checked, context, sort: order, limit: page.first + 1, after: at }), notices };
    });
    const count = once(() => this.#resolved(viewer, checked, (tx, context) => countAssets(tx, { filter: checked, context })));
    return this.#toPage(page, rows, (row) => [sortValue(order, row), row.id], count, {
      mode: 'BROWSE',
      exhaustive: true,
      countScanned: count,
      reason: 'There is no query: all that passes the filter, in the order asked for.',
      modelRevision: null,
      notices,
    });
  }

  async #exists(viewer: Viewer, onlyAssetId: string, filter: AssetFilter | null): Promise<boolean> {
    return (await this.#resolved(viewer, filter, (tx, context) => countAssets(tx, { filter, context, onlyAssetId }))) > 0;
  }

  #resolved<T>(viewer: Viewer, filter: AssetFilter | null, work: (tx: OrganizationTx, context: FilterContext) => Promise<T>): Promise<T> {
    return this.#database.asOrganization(viewer.organizationId, async (tx) => work(tx, (await this.#filters.resolve(tx, filter)).context));
  }

  #toPage<Row extends AssetRow & { distance?: number }>(
    page: Page,
    rows: Row[],
    keysOf: (row: Row) => unknown[],
    countTotal: () => Promise<number>,
    search: SearchReport,
  ): AssetPage {
    const { edges, pageInfo } = toConnection<Row, Row>(page, rows, 0, (row) => row, keysOf);
    return {
      edges: edges.map((edge) => {
        const distance = edge.node.distance ?? null;
        return { ...edge, distance, score: distance === null ? null : 1 - distance };
      }),
      pageInfo,
      countTotal,
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

interface RankTask {
  probe: Probe;
  filter: AssetFilter | null;
  maxDistance: number | null;
  sort: Sort;
  page: Page;
  after: RankCursor | null;
  notices: string[];
}

const RELEVANCE = { field: 'RELEVANCE', direction: 'ASC' } as const satisfies Sort;
const exactly = (reason: string): Strategy => ({ mode: 'EXACT', reason });

/** Goes the planned way, and the exact one when the index found too little. */
async function rankBy(
  tx: OrganizationTx,
  request: Omit<RankRequest, 'strategy'>,
  planned: Strategy,
): Promise<{ found: Ranked; strategy: Strategy }> {
  if (planned.mode === 'EXACT') return { found: await rankAssets(tx, { ...request, strategy: planned }), strategy: planned };
  await prepareApproximate(tx, planned.window);
  const found = await rankAssets(tx, { ...request, strategy: planned });
  const passed = found.passed ?? 0;
  if (passed >= planned.required) return { found, strategy: planned };
  const strategy = fallBack(planned, passed);
  return { found: await rankAssets(tx, { ...request, strategy }), strategy };
}

/** Where a walk through ranked pages stands. */
interface RankCursor {
  /** Sort value and id of the last row; null after an approximate page. */
  at: { value: unknown; assetId: string } | null;
  /** The library revision that the walk began with. */
  revision: number;
  /** Assets of an approximate first page. */
  seen: string[];
}

// What PostgreSQL would not read must not reach it: a cursor may have been made by hand.
const moment = z.iso.datetime().refine((text) => !text.startsWith('0000'));
const SORT_VALUES = {
  RELEVANCE: z.number().nullable(),
  CREATED_AT: moment,
  UPDATED_AT: moment,
  TITLE: z.string().refine((text) => !text.includes('\0')),
  BYTE_SIZE: z.int(),
};

function readRankCursor(page: Page, sort: Sort, after: string | null | undefined): RankCursor | null {
  const shape = z.tuple([SORT_VALUES[sort.field], z.uuid(), z.int().min(0)], z.uuid());
  const keys = readKeys<[string | number | null, string, number, ...string[]]>(page, shape, after);
  if (keys === null) return null;
  const [value, assetId, revision, ...seen] = keys;
  return { at: value === null ? null : { value, assetId }, revision, seen };
}

function sortValue({ field }: Sort, row: AssetRow & { distance?: number }): unknown {
  switch (field) {
    case 'RELEVANCE':
      return row.distance;
    case 'CREATED_AT':
      return row.created_at.toISOString();
    case 'UPDATED_AT':
      return row.updated_at.toISOString();
    case 'TITLE':
      return row.title;
    case 'BYTE_SIZE':
      return row.byte_size;
  }
}

/** @returns the greatest cosine distance of a result */
function readMinScore(minScore: number | null | undefined): number | null {
  if (minScore == null) return null;
  if (!(minScore >= -1 && minScore <= 1)) throw badInput('minScore', minScore, 'a number from -1 to 1');
  return 1 - minScore;
}
