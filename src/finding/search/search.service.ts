import { z } from 'zod';
import type { Viewer } from '../../viewer.js';
import { readAssetIds, requireAllFound } from '../../platform/graphql/asset-id-list.js';
import type { CalibrationService } from '../../seeing/concepts/calibration.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { Sql } from '../../platform/database/sql.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { badInput, VitrineError } from '../../errors.js';
import { readKeys, readPage } from '../../platform/graphql/connection.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { type AssetPage, toPage } from './asset-page.js';
import { once } from '../../once.js';
import { countFacets, keptCount, keptFacets, soleFacetValue } from './facet.queries.js';
import type { FacetCounter } from './facets.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import { type FilterService, resolveIn } from './filter.service.js';
import { selectResults } from './fusion.queries.js';
import { exactly } from './plan.js';
import { findAssetVectors } from './query.queries.js';
import type { QueryReader, ReadQuery } from './query-reader.service.js';
import type { SearchQuery } from './query.inputs.js';
import { Ranking } from './ranking.js';
import { readRankCursor, SORT_VALUES, sortValue } from './search-cursor.js';
import type { AssetSort } from './search.inputs.js';
import { browseAssets, countAssets, findExisting, selectAssets, selectAssetsById, type Sort } from './search.queries.js';

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

/** Ids of assets in one request; more are chosen by a filter. */
const MAX_SELECTED = 1000;

/** Which assets: exactly one of the two. */
export interface AssetSelection {
  filter?: AssetFilter | null;
  /** Global ids. */
  assets?: string[] | null;
}

/** Finds assets: by words, by likeness, or by filter alone. */
export class SearchService {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;
  readonly #filters: FilterService;
  readonly #calibration: CalibrationService;
  readonly #reader: QueryReader;
  readonly #ranking: Ranking;

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
    this.#ranking = new Ranking(database, embedding, filters, calibration);
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
    // What is left when something is left out is no match of anything: all of it is listed.
    const isCut = !showAll && maxDistance === null && read.isAimed;
    return this.#ranking.rank(viewer, model, {
      ...{
        probe: { vector: read.vector, ofWords: !showAll && ofWords(read) },
        filter: whole,
        maxDistance,
        sort: order,
        page,
        after,
        notices: read.notices,
        isCut,
      },
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
    const whole = both(checked, read?.conditions == null ? null : await this.#filters.read(viewer, read.conditions, path));
    return async (tx) => {
      const { context } = await this.#filters.resolve(tx, whole, path, model.revision.id);
      if (read?.vector == null) return selectAssets({ filter: whole, context });
      const { pictures: levels, texts, hasParts, tileMargin } = await this.#calibration.cutOf(tx, model.revision.id, read.vector);
      const { words, without, isAimed } = read;
      // An exclusion that could not be made would let everything match.
      if (levels === null || (!isAimed && without.length === 0)) return null;
      const cut = isAimed ? { keep: 1 - levels.match, match: 1 - levels.match } : null;
      return selectResults({
        probe: { vector: read.vector, ofWords: ofWords(read) },
        filter: whole,
        context,
        words,
        allTexts: true,
        without,
        cut,
        hasParts,
        tileMargin,
        passageCut: isAimed && texts ? 1 - texts.match : null,
        strategy: exactly('a saved search'),
      });
    };
  }

  /**
   * Reads which assets work is about, by filter or by id. @returns a SELECT of asset_id for a transaction, as {@link prepareMatches} gives it
   * @throws VitrineError BAD_USER_INPUT, NOT_FOUND naming the field or entry below `path`
   */
  async prepareSelection(
    viewer: Viewer,
    { filter, assets }: AssetSelection,
    path = 'input',
  ): Promise<(tx: OrganizationTx) => Promise<Sql>> {
    if ((filter == null) === (assets == null))
      throw badInput(`${path}.filter`, filter, 'filter or assets, one of them', `${path}: give filter or assets, exactly one of them.`);
    if (assets != null) {
      const ids = readAssetIds(assets, `${path}.assets`, MAX_SELECTED);
      const found = await this.#database.asOrganization(viewer.organizationId, (tx) => findExisting(tx, ids));
      requireAllFound(ids, found, `${path}.assets`);
      return async (tx) => selectAssetsById(tx.organizationId, ids);
    }
    const prepared = await this.prepareMatches(viewer, { filter: filter as AssetFilter }, `${path}.filter`);
    return async (tx) => (await prepared(tx)) as Sql;
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
    return this.#ranking.rank(viewer, model, {
      ...{ probe: { assetId }, filter: checked, maxDistance: null, sort: RELEVANCE, page, after: cursor, notices: [] },
      ...{ isCut: false, read: null, showAll: false },
    });
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
    const sole = soleFacetValue(checked);
    const count = once(async () => {
      const kept = sole && (await this.#database.asOrganization(viewer.organizationId, (tx) => keptCount(tx, sole)));
      return (
        kept ?? resolveIn(this.#database, this.#filters, viewer, checked, (tx, context) => countAssets(tx, { filter: checked, context }))
      );
    });
    const facets: FacetCounter = (by, values) =>
      checked === null
        ? this.#database.asOrganization(viewer.organizationId, (tx) => keptFacets(tx, by, values))
        : resolveIn(this.#database, this.#filters, viewer, checked, (tx, context) =>
            countFacets(tx, selectAssets({ filter: checked, context }), by, values),
          );
    return toPage(
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
}

const RELEVANCE = { field: 'RELEVANCE', direction: 'ASC' } as const satisfies Sort;

function both(one: AssetFilter | null, other: AssetFilter | null): AssetFilter | null {
  if (one === null || other === null) return one ?? other;
  return { and: [one, other] };
}

/** @returns the greatest cosine distance of a result */
function readMinScore(minScore: number | null | undefined): number | null {
  if (minScore == null) return null;
  if (!(minScore >= -1 && minScore <= 1)) throw badInput('minScore', minScore, 'a number from -1 to 1');
  return 1 - minScore;
}

/** Whether words say what to look for: pictures that a model was not trained on are compared with pictures alone. */
function ofWords({ interpretedAs }: ReadQuery): boolean {
  return interpretedAs.terms.some(({ kind }) => kind !== 'ASSET' && kind !== 'UPLOAD');
}
