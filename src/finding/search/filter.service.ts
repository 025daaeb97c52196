import type { Viewer } from '../../viewer.js';
import type { ComplianceService } from '../../judging/judgements/compliance.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { badInput } from '../../errors.js';
import type { TagService } from '../../library/tags/tag.service.js';
import { asksCompliance, listIds, listTagNames, type NamedId, readFilter } from '../../library/filters/filter.js';
import { findExistingIds } from './query.queries.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import type { FilterContext } from './filter.queries.js';

export interface ResolvedFilter {
  context: FilterContext;
  /** How tags were read, in words, where that was not as they stand. */
  notices: string[];
}

/** From a filter as it is asked to all that `compileFilter` needs; for every path that selects assets. */
export class FilterService {
  readonly #embedding: EmbeddingService;
  readonly #tags: TagService;
  readonly #compliance: ComplianceService;
  readonly #clock: () => Date;

  constructor(embedding: EmbeddingService, tags: TagService, compliance: ComplianceService, clock: () => Date = () => new Date()) {
    this.#embedding = embedding;
    this.#tags = tags;
    this.#compliance = compliance;
    this.#clock = clock;
  }

  /**
   * Checks a filter, and has verdicts judged anew that the clock has overtaken when it asks about verdicts. Opens a transaction of its own.
   * @throws VitrineError BAD_USER_INPUT naming the condition
   */
  async read(viewer: Viewer, filter: AssetFilter | null | undefined, path = 'filter'): Promise<AssetFilter | null> {
    const checked = readFilter(filter, path);
    if (asksCompliance(checked)) await this.#compliance.refreshExpired(viewer.organizationId);
    return checked;
  }

  /** Finds the tags that a checked filter names. @throws VitrineError BAD_USER_INPUT naming the tag that does not exist */
  async resolve(tx: OrganizationTx, filter: AssetFilter | null, path = 'filter', modelRevisionId?: number): Promise<ResolvedFilter> {
    const named = listTagNames(filter, path);
    const tags = named.length === 0 ? new Map() : await this.#tags.findFamilies(tx, [...new Set(named.map((tag) => tag.name))]);
    const notices = new Set<string>();
    for (const { name, field, includeDescendants } of named) {
      const family = tags.get(name);
      if (family === undefined || (family.id === null && !includeDescendants))
        throw badInput(
          field,
          name,
          'a tag that exists (see the query `tags`)',
          `${field}: there is no tag ${JSON.stringify(name)}.${family ? ' There are tags below it: leave out includeDescendants to find them.' : ''}`,
        );
      const below = family.descendantIds.length;
      if (includeDescendants && below > 0)
        notices.add(`The tag ${JSON.stringify(name)} was read with the ${below} tag${below === 1 ? '' : 's'} below it.`);
    }
    for (const { field, noun } of await this.#findGone(tx, filter, path))
      notices.add(`${field}: there is no ${noun} with this id (any more), so nothing is found by it.`);
    return {
      context: {
        organizationId: tx.organizationId,
        modelRevisionId: modelRevisionId ?? (await this.#embedding.revisionIn(tx)).id,
        tags,
        today: this.#clock().toISOString().slice(0, 10),
      },
      notices: [...notices],
    };
  }

  /** Where a checked filter names by their ids what does not exist. */
  async #findGone(tx: OrganizationTx, filter: AssetFilter | null, path: string): Promise<NamedId[]> {
    const named = listIds(filter, path);
    if (named.length === 0) return [];
    const known = await findExistingIds(tx, named);
    return named.filter(({ noun, id }) => !known.has(`${noun} ${id}`));
  }
}

/** Runs `work`, which counts, in a transaction of the viewer's organisation with a checked filter resolved. @throws VitrineError BAD_USER_INPUT, OVERLOADED */
export function resolveIn<T>(
  database: Database,
  filters: FilterService,
  { organizationId }: Viewer,
  filter: AssetFilter | null,
  work: (tx: OrganizationTx, context: FilterContext) => Promise<T>,
): Promise<T> {
  return database.asOrganizationAtLength(organizationId, async (tx) => work(tx, (await filters.resolve(tx, filter)).context));
}
