import type { Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import { isVitrineError } from '../../errors.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { SearchService } from '../search/search.service.js';
import type { WebhookOutbox } from '../../library/webhooks/webhook-outbox.js';
import { listSavedSearches, lockSavedSearch, recordMatches, type SavedSearchRow } from './saved-search.queries.js';

/** Compares all saved searches with the library, after it or one of them changed. */
export const SAVED_SEARCH_MATCH: JobKind<{ organizationId: string }> = { name: 'saved-search-match', retryLimit: 3, expireInSeconds: 900 };

const PAGE = 50;
const ASSETS_PER_MESSAGE = 100;

export interface MatchRooms {
  database: Database;
  search: SearchService;
  outbox: WebhookOutbox;
  log: Logger;
}

export class SavedSearchMatchJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: MatchRooms;

  constructor(rooms: MatchRooms) {
    this.#rooms = rooms;
  }

  /** Each search is one transaction: its new matches, the messages about them and the jobs that send those exist together, or not at all. */
  async run({ organizationId }: { organizationId: string }, { signal }: JobTurn): Promise<void> {
    const { database, log } = this.#rooms;
    for (let after: string | null = null, more = true; more; ) {
      const name: string | null = after;
      const rows: SavedSearchRow[] = await database.asOrganization(organizationId, (tx) => listSavedSearches(tx, name, PAGE));
      for (const row of rows) {
        if (signal.aborted) throw new Error('the worker is stopping');
        await this.#match(organizationId, row).catch((error: unknown) => {
          // A filter may name a tag or brand that was deleted since: that search alone stands still, and says so when it is asked.
          if (!isVitrineError(error) || !['BAD_USER_INPUT', 'NOT_FOUND'].includes(error.code)) throw error;
          log.warn({ savedSearch: row.id, reason: error.message }, 'a saved search can no longer be read');
        });
      }
      after = rows.at(-1)?.name ?? null;
      more = rows.length === PAGE;
    }
  }

  async giveUp(): Promise<void> {
    // The next import or start compares again, and announces what was missed.
  }

  async #match(organizationId: string, row: SavedSearchRow): Promise<void> {
    const { database, search, outbox } = this.#rooms;
    const viewer: Viewer = { organizationId, apiKeyId: organizationId, apiKeyName: 'saved searches', role: 'VIEWER' };
    const { query, filter } = row.search;
    const select = await search.prepareMatches(viewer, { query: query ?? null, filter: (filter ?? null) as AssetFilter | null });
    const announced = await database.asOrganization(organizationId, async (tx) => {
      const locked = await lockSavedSearch(tx, row.id);
      const candidates = locked && (await select(tx));
      if (candidates == null) return 0;
      const added = await recordMatches(tx, row.id, candidates);
      // What matched when the search was kept is no news.
      if (locked?.evaluatedAt == null || added.length === 0) return 0;
      return outbox.postMatches(tx, row.id, added, ASSETS_PER_MESSAGE);
    });
    if (announced > 0) outbox.wake();
  }
}
