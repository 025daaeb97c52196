import { LRUCache } from 'lru-cache';
import { domainNotice } from '../../engines/embedding/domain-notice.js';
import type { Viewer } from '../../viewer.js';
import type { CalibrationService } from '../../seeing/concepts/calibration.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { EmbeddingService, LibraryModel } from '../../engines/embedding/embedding.service.js';
import type { Page } from '../../platform/graphql/connection.js';
import { type AssetPage, type TermsOf, toPage } from './asset-page.js';
import { once } from '../../once.js';
import type { Probe } from './candidate.queries.js';
import { countFacets } from './facet.queries.js';
import type { FacetCounter } from './facets.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import type { FilterContext } from './filter.queries.js';
import { type FilterService, resolveIn } from './filter.service.js';
import { type DistanceCut, hasMoreTexts, RANKED_TEXTS, selectResults } from './fusion.queries.js';
import { matchOf, nothing, toDistances } from './match.js';
import { afterTooFew, choosePlan, exactly, type PlanFacts, type Strategy } from './plan.js';
import { scoreTerms } from './query.queries.js';
import type { ReadQuery } from './query-reader.service.js';
import { type RankCursor, rankKeys, sortValue } from './search-cursor.js';
import {
  countResults,
  estimateCandidates,
  prepareApproximate,
  rankAssets,
  type Ranked,
  type RankedRow,
  type RankRequest,
  type Sort,
} from './search.queries.js';

/** What to rank by, and which page of it. */
export interface RankTask {
  probe: Probe;
  filter: AssetFilter | null;
  maxDistance: number | null;
  sort: Sort;
  page: Page;
  after: RankCursor | null;
  notices: string[];
  /** Whether the list is to be cut by what scores mean in this library. */
  isCut: boolean;
  /** Everything is shown, the nearest first. */
  showAll: boolean;
  read: ReadQuery | null;
}

const MORE_TEXTS = `These words stand in more than ${RANKED_TEXTS} texts: the best ${RANKED_TEXTS} of them are listed. Another word, or a filter, says which are meant.`;

/** Makes pages of assets in the order of their likeness, or in another order of what is like enough. */
export class Ranking {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;
  readonly #filters: FilterService;
  readonly #calibration: CalibrationService;
  /** What passes a filter, as PostgreSQL's statistics say: these change every few minutes, and what follows is checked. */
  readonly #estimates = new LRUCache<string, number>({ max: 1000, ttl: 60_000 });
  /** Libraries that have more than whole pictures. */
  readonly #hasMore = new LRUCache<string, true>({ max: 10_000 });

  constructor(database: Database, embedding: EmbeddingService, filters: FilterService, calibration: CalibrationService) {
    this.#database = database;
    this.#embedding = embedding;
    this.#filters = filters;
    this.#calibration = calibration;
  }

  async rank(viewer: Viewer, model: LibraryModel, task: RankTask): Promise<AssetPage> {
    const { probe, filter, maxDistance, sort, page, after, notices, isCut, read, showAll } = task;
    const coverage = await this.#embedding.recentCoverage(viewer.organizationId, model);
    const { found, strategy, about, levels, wanted, termsOf } = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const { context, notices: about } = await this.#filters.resolve(tx, filter, 'filter', model.revision.id);
      // What a library has besides whole pictures is read where scores are, and else taken to be as it was last: the answer tells.
      let hasMore = isCut || (this.#hasMore.get(tx.organizationId) ?? false);
      for (;;) {
        const known = 'vector' in probe && hasMore ? await this.#calibration.cutOf(tx, model.revision.id, probe.vector) : null;
        // `showAll` is about pictures: the nearest of a few texts, however far, would stand beside the best picture.
        const texts = isCut || showAll ? known?.texts : null;
        const levels = (isCut && known?.pictures) || null;
        const wanted = {
          ...{ probe, filter, maxDistance, without: read?.without ?? [] },
          // A walk that began with pictures alone goes on so, whatever words find by now.
          words: after?.at != null && after.ladders === null ? null : (read?.words ?? null),
          // A walk is cut where its first page was, though scores may mean something else by now, or the best match be gone.
          cut: after === null ? levels && toDistances(levels) : after.keep === null ? null : { keep: after.keep, match: ANY_DISTANCE },
          // Likeness to an asset looks at wholes alone.
          hasParts: known?.hasParts ?? false,
          // As the walk began: with another margin its places would be others.
          tileMargin: after?.tileMargin ?? known?.tileMargin ?? 0,
          passageCut: after !== null ? after.passageCut : texts ? 1 - texts.match : null,
        };
        const request = {
          ...{ ...wanted, context, sort, limit: page.first + 1 },
          ...{
            revision: after?.revision ?? null,
            exclude: [...(after?.seen ?? []), ...(read?.hidden ?? [])],
            after: after?.at ?? null,
            ladders: after?.ladders ?? null,
            // Words are fused with places in the whole window.
            enough: wanted.words === null ? page.first + 1 : null,
          },
        };
        const ranked = await rankBy(tx, request, await this.#factsOf(tx, model, task, context));
        if (hasMore || 'assetId' in probe || !ranked.found.hasMore)
          return { ...ranked, about, levels, wanted, termsOf: await this.#scoreTerms(tx, model, ranked.found.rows, read) };
        this.#hasMore.set(tx.organizationId, true);
        hasMore = true;
      }
    });
    const missing = coverage.embeddable - coverage.embedded;
    const asksWords = 'vector' in probe && probe.ofWords;
    const foreign = asksWords ? domainNotice(model.info.modelId, model.info.domains, coverage.notUnderstood) : null;
    const exact = strategy.mode === 'EXACT';
    const waiting = `${missing} of ${coverage.embeddable} pictures have no vector of the current model yet and cannot be found by likeness.`;
    // After an approximate page the next one is exact and leaves out what was given; a position would hide what was overlooked.
    const seen = found.rows.slice(0, page.first).map((row) => row.id);
    const revision = after?.revision ?? found.revision;
    const keep = after === null ? keptDistance(found, wanted.cut) : after.keep;
    const { passageCut, tileMargin } = wanted;
    const keysOf = (row: RankedRow) =>
      exact
        ? rankKeys({
            at: { value: sortValue(sort, row), assetId: row.id },
            revision,
            ...{ keep, passageCut, tileMargin },
            ladders: found.ladders,
            seen: after?.seen ?? [],
          })
        : rankKeys({
            at: { value: null, assetId: row.id },
            revision,
            ...{ keep, passageCut, tileMargin },
            ladders: null,
            seen: seen.slice(0, seen.indexOf(row.id) + 1),
          });
    const count = once(() =>
      resolveIn(this.#database, this.#filters, viewer, filter, (tx, context) =>
        countResults(tx, {
          ...{ ...wanted, exclude: read?.hidden ?? [], strategy: exactly('a count') },
          context: { ...context, modelRevisionId: model.revision.id },
        }),
      ),
    );
    const facets: FacetCounter = (by, values) =>
      resolveIn(this.#database, this.#filters, viewer, filter, (tx, context) =>
        countFacets(tx, selectResults({ ...wanted, exclude: read?.hidden ?? [], context, strategy: exactly('facets') }), by, values),
      );
    return toPage(
      page,
      found.rows,
      keysOf,
      { count, facets, termsOf },
      {
        mode: strategy.mode,
        exhaustive: exact && missing === 0,
        countScanned: strategy.mode === 'APPROXIMATE' ? async () => strategy.trusted : count,
        reason: strategy.reason,
        modelRevision: model.revision.revision,
        match: read && matchOf(found, levels && toDistances(levels)),
        interpretedAs: read?.interpretedAs ?? null,
        notices: [
          ...notices,
          ...about,
          ...(missing > 0 ? [waiting] : []),
          ...(foreign ? [foreign] : []),
          ...(found.ladders && hasMoreTexts(found.ladders) ? [MORE_TEXTS] : []),
          ...nothing(found, levels !== null, after !== null),
        ],
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

  /** What a plan goes by, or why there is nothing to plan. */
  async #factsOf(
    tx: OrganizationTx,
    model: LibraryModel,
    { after, sort, filter, page }: RankTask,
    context: FilterContext,
  ): Promise<PlanFacts | string> {
    if (after !== null) return 'A later page: everything that passes the filter was compared.';
    if (sort.field !== 'RELEVANCE') return 'Another order than by likeness: everything that passes the filter was compared.';
    const index = await this.#embedding.findVectorIndex(tx, model.revision);
    if (typeof index === 'string') return index;
    const estimate = filter === null ? null : await this.#estimate(tx, filter, context);
    const { vectors, arePartsIndexed } = index;
    return { vectors, arePartsIndexed, dimensions: model.revision.dimensions, estimate, limit: page.first + 1 };
  }

  async #estimate(tx: OrganizationTx, filter: AssetFilter, context: FilterContext): Promise<number> {
    const key = JSON.stringify([context.organizationId, context.modelRevisionId, context.today, filter]);
    const known = this.#estimates.get(key);
    if (known !== undefined) return known;
    const estimate = await estimateCandidates(tx, filter, context);
    this.#estimates.set(key, estimate);
    return estimate;
  }
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

/** Goes the planned way, and on to the next one while the index finds too little. */
async function rankBy(
  tx: OrganizationTx,
  request: Omit<RankRequest, 'strategy'>,
  facts: PlanFacts | string,
): Promise<{ found: Ranked; strategy: Strategy }> {
  let strategy = typeof facts === 'string' ? exactly(facts) : choosePlan(facts);
  for (let isFirst = true; ; isFirst = false) {
    if (strategy.mode === 'APPROXIMATE') await prepareApproximate(tx, strategy);
    const found = await rankAssets(tx, { ...request, strategy });
    const passed = found.passed ?? 0;
    if (typeof facts === 'string' || strategy.mode === 'EXACT' || passed >= strategy.required) return { found, strategy };
    strategy = afterTooFew(facts, strategy, passed, isFirst);
  }
}
