import { z } from 'zod';
import type { Viewer } from '../access/viewer.js';
import type { AssetRow } from '../assets/asset.queries.js';
import type { ComplianceService } from '../compliance/compliance.service.js';
import type { Database, OrganizationTx } from '../database/database.js';
import type { EmbeddingService } from '../embedding/embedding.service.js';
import { badInput, VitrineError } from '../errors.js';
import { type Edge, type Page, readKeys, readPage, toConnection } from '../graphql/connection.js';
import { fromGlobalId } from '../graphql/global-id.js';
import type { FoundTags, TagService } from '../tags/tag.service.js';
import { asksCompliance, listTagNames, readFilter } from './filter.js';
import type { AssetFilter, AssetSort } from './search.inputs.js';
import { browseAssets, type Counted, type Probe, rankAssets, type RankedRow } from './search.queries.js';

const MAX_QUERY_CHARACTERS = 1000;
/** A filter without tags is not worth a statement. */
const NO_TAGS: FoundTags = { ids: new Map(), unknown: [] };

export interface FoundAsset extends Edge<AssetRow> {
  /** Cosine similarity, -1 to 1; null when nothing was compared. */
  score: number | null;
  /** Cosine distance, 0 to 2. */
  distance: number | null;
}

/** How a list was made, so that the caller need not guess. */
export interface SearchReport {
  mode: 'EXACT' | 'BROWSE';
  /** Whether every asset that the filter lets through was looked at. */
  exhaustive: boolean;
  /** Rows compared or listed. */
  scanned: number;
  /** The model revision that made the vectors; null when none was needed. */
  modelRevision: string | null;
  notices: string[];
}

export interface AssetPage {
  edges: FoundAsset[];
  pageInfo: ReturnType<typeof toConnection>['pageInfo'];
  totalCount: number;
  search: SearchReport;
}

export interface AssetSearch {
  query?: string | null;
  filter?: AssetFilter | null;
  sort?: AssetSort | null;
  first?: number | null;
  after?: string | null;
}

/** Finds assets: by words, by likeness, or by filter alone. */
export class SearchService {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;
  readonly #tags: TagService;
  readonly #compliance: ComplianceService;

  constructor(database: Database, embedding: EmbeddingService, tags: TagService, compliance: ComplianceService) {
    this.#database = database;
    this.#embedding = embedding;
    this.#tags = tags;
    this.#compliance = compliance;
  }

  /** @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async findAssets(viewer: Viewer, { query, filter, sort, first, after }: AssetSearch): Promise<AssetPage> {
    if (query == null) return this.#browse(viewer, filter, sort, first, after);
    const text = query.normalize('NFC').trim();
    if (text.length < 1 || text.length > MAX_QUERY_CHARACTERS)
      throw badInput('query', query, `a text of 1 to ${MAX_QUERY_CHARACTERS} characters`);
    if (sort != null && sort.field !== 'RELEVANCE') {
      throw badInput(
        'sort.field',
        sort.field,
        'RELEVANCE',
        'sort.field: with a query, assets come nearest first (RELEVANCE). Leave out the query to sort otherwise.',
      );
    }
    const checked = readFilter(filter);
    const page = readPage(first, after, 'text', text, filter ?? null, this.#embedding.revision.revision);
    const { vector, truncated } = await this.#embedding.embedQuery(text);
    const notices = truncated
      ? [`The model reads the first ${this.#embedding.info.contextLength} tokens of a query; the rest of this one was not used.`]
      : [];
    return this.#rank(viewer, { vector: `[${Array.from(vector).join(',')}]` }, checked, page, readRankKeys(page, after), notices);
  }

  /** Assets that look like `asset`. @throws VitrineError BAD_USER_INPUT, NOT_FOUND, CURSOR_MISMATCH */
  async findSimilar(viewer: Viewer, { asset, filter, first, after }: AssetSearch & { asset: string }): Promise<AssetPage> {
    const assetId = fromGlobalId('Asset', asset, 'asset');
    const checked = readFilter(filter);
    const page = readPage(first, after, 'similar', assetId, filter ?? null, this.#embedding.revision.revision);
    const found = await this.#browse(viewer, null, null, 1, null, assetId);
    if (found.totalCount === 0) throw new VitrineError('NOT_FOUND', 'asset: there is no such asset.', { field: 'asset', value: asset });
    const searchable = await this.#browse(viewer, { searchable: true }, null, 1, null, assetId);
    if (searchable.totalCount === 0) {
      throw badInput(
        'asset',
        asset,
        'an asset with a vector',
        'asset: the current model has no vector of this asset (a document, or not embedded yet), so nothing can be compared with it.',
      );
    }
    return this.#rank(viewer, { assetId }, checked, page, readRankKeys(page, after), []);
  }

  async #rank(
    viewer: Viewer,
    probe: Probe,
    filter: AssetFilter | null,
    page: Page,
    after: RankKeys | null,
    notices: string[],
  ): Promise<AssetPage> {
    await this.#refresh(viewer, filter);
    const coverage = await this.#embedding.coverage(viewer);
    const found = await this.#database.asOrganization(viewer.organizationId, async (tx) =>
      rankAssets(tx, { probe, filter, context: await this.#context(tx, filter), limit: page.first + 1, after }),
    );
    const missing = coverage.embeddable - coverage.embedded;
    const about =
      missing > 0
        ? [`${missing} of ${coverage.embeddable} pictures have no vector of the current model yet and cannot be found by likeness.`]
        : [];
    return this.#toPage(page, found, (row) => [row.distance, row.id], {
      mode: 'EXACT',
      exhaustive: missing === 0,
      scanned: found.total,
      modelRevision: this.#embedding.revision.revision,
      notices: [...notices, ...about],
    });
  }

  async #browse(
    viewer: Viewer,
    filter: AssetFilter | null | undefined,
    sort: AssetSort | null | undefined,
    first: number | null | undefined,
    after: string | null | undefined,
    onlyAssetId?: string,
  ): Promise<AssetPage> {
    const field = sort?.field ?? 'CREATED_AT';
    if (field === 'RELEVANCE')
      throw badInput('sort.field', field, ['CREATED_AT', 'TITLE', 'BYTE_SIZE'], 'sort.field: RELEVANCE needs a query.');
    const direction = sort?.direction ?? 'DESC';
    const checked = readFilter(filter);
    const page = readPage(first, after, 'browse', filter ?? null, field, direction);
    await this.#refresh(viewer, checked);
    const keys = readKeys<readonly [string | number, string]>(page, BROWSE_KEYS[field], after);
    const found = await this.#database.asOrganization(viewer.organizationId, async (tx) =>
      browseAssets(tx, {
        filter: checked,
        context: await this.#context(tx, checked),
        sort: { field, direction },
        limit: page.first + 1,
        after: keys && { value: keys[0], assetId: keys[1] },
        ...(onlyAssetId !== undefined && { onlyAssetId }),
      }),
    );
    const sortValue = {
      CREATED_AT: (row: AssetRow) => row.created_at.toISOString(),
      TITLE: (row: AssetRow) => row.title,
      BYTE_SIZE: (row: AssetRow) => row.byte_size,
    };
    return this.#toPage(page, found, (row) => [sortValue[field](row), row.id], {
      mode: 'BROWSE',
      exhaustive: true,
      scanned: found.total,
      modelRevision: null,
      notices: [],
    });
  }

  /** Verdicts that the clock has overtaken are judged anew before anybody filters by them. */
  async #refresh(viewer: Viewer, filter: AssetFilter | null): Promise<void> {
    if (asksCompliance(filter)) await this.#compliance.refreshExpired(viewer.organizationId);
  }

  async #context(tx: OrganizationTx, filter: AssetFilter | null) {
    const named = listTagNames(filter);
    const names = named.map((tag) => tag.name);
    const found = names.length === 0 ? NO_TAGS : await this.#tags.findIds(tx, names);
    const unknown = named.find((tag) => found.unknown.includes(tag.name));
    if (unknown)
      throw badInput(
        unknown.field,
        unknown.name,
        'a tag that exists (see the query `tags`)',
        `${unknown.field}: there is no tag ${JSON.stringify(unknown.name)}.`,
      );
    return { organizationId: tx.organizationId, modelRevisionId: this.#embedding.revision.id, tagIds: found.ids };
  }

  #toPage<Row extends AssetRow>(page: Page, found: Counted<Row>, keysOf: (row: Row) => unknown[], search: SearchReport): AssetPage {
    const connection = toConnection<Row, Row>(page, found.rows, found.total, (row) => row, keysOf);
    const edges = connection.edges.map((edge) => {
      const distance = (edge.node as Partial<RankedRow>).distance ?? null;
      return { ...edge, distance, score: distance === null ? null : 1 - distance };
    });
    return { edges, pageInfo: connection.pageInfo, totalCount: connection.totalCount, search };
  }
}

type RankKeys = { distance: number; assetId: string };

const RANK_KEYS = z.tuple([z.number(), z.uuid()]);
// What PostgreSQL would not read must not reach it: a cursor may have been made by hand.
const BROWSE_KEYS = {
  CREATED_AT: z.tuple([z.iso.datetime().refine((text) => !text.startsWith('0000')), z.uuid()]),
  TITLE: z.tuple([z.string().refine((text) => !text.includes('\0')), z.uuid()]),
  BYTE_SIZE: z.tuple([z.int(), z.uuid()]),
};

function readRankKeys(page: Page, after: string | null | undefined): RankKeys | null {
  const keys = readKeys(page, RANK_KEYS, after);
  return keys && { distance: keys[0], assetId: keys[1] };
}
