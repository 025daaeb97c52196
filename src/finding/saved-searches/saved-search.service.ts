import { z } from 'zod';
import { etagOf, requireMatch } from '../../platform/graphql/etag.js';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, isVitrineError, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import type { AssetPage } from '../search/asset-page.js';
import type { SearchService } from '../search/search.service.js';
import { readLabel } from '../../library/tags/label.js';
import { RECEIVER_ROLE, shownReceiver } from '../../library/webhooks/receiver.js';
import type { WebhookOutbox } from '../../library/webhooks/webhook-outbox.js';
import { toDelivery, type WebhookDelivery } from '../../library/webhooks/webhook.types.js';
import {
  countSavedSearches,
  deleteSavedSearch,
  findSavedSearch,
  insertSavedSearch,
  listSavedSearches,
  lockSavedSearch,
  type SavedSearchRow,
  updateSavedSearch,
} from './saved-search.queries.js';
import type { SavedSearch } from './saved-search.types.js';

const MAX_NAME_LENGTH = 200;
const MAX_SAVED_SEARCHES = 500;
const SHOWN_DELIVERIES = 20;
const CURSOR_KEYS = z.tuple([cursorKey.text]);

type SearchInput = { query?: string | null; filter?: AssetFilter | null };
type WebhookChange = { url: string; secret: string } | null;

/** Searches kept by name. */
export class SavedSearchService {
  readonly #database: Database;
  readonly #search: SearchService;
  readonly #outbox: WebhookOutbox;
  readonly #afterChange: (organizationId: string) => Promise<void>;

  /** @param afterChange has the searches compared with the library, in the background */
  constructor(database: Database, search: SearchService, outbox: WebhookOutbox, afterChange: (organizationId: string) => Promise<void>) {
    this.#database = database;
    this.#search = search;
    this.#outbox = outbox;
    this.#afterChange = afterChange;
  }

  /** Null when there is none. @throws VitrineError BAD_USER_INPUT when `id` is none of a saved search */
  async find(viewer: Viewer, id: string): Promise<SavedSearch | null> {
    requireRole(viewer, 'VIEWER');
    const key = fromGlobalId('SavedSearch', id, 'id');
    const row = await this.#database.asOrganization(viewer.organizationId, (tx) => findSavedSearch(tx, key));
    return row && toSavedSearch(viewer, row);
  }

  /** By name. @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async list(viewer: Viewer, { first, after }: { first?: number | null; after?: string | null }): Promise<Connection<SavedSearch>> {
    requireRole(viewer, 'VIEWER');
    const page = readPage(first, after, 'savedSearches');
    const [afterName] = readKeys(page, CURSOR_KEYS, after) ?? [null];
    return this.#database.asOrganization(viewer.organizationId, async (tx) =>
      toConnection(
        page,
        await listSavedSearches(tx, afterName, page.first + 1),
        await countSavedSearches(tx),
        (row) => toSavedSearch(viewer, row),
        (row) => [row.name],
      ),
    );
  }

  /** What matches now. */
  assetsOf(viewer: Viewer, row: SavedSearchRow, page: { first?: number | null; after?: string | null }): Promise<AssetPage> {
    const { query, filter } = row.search;
    return this.#search.findAssets(viewer, { query: query ?? null, filter: filter as AssetFilter | null, ...page });
  }

  /** The latest messages to its webhook, newest first. */
  async deliveriesOf(viewer: Viewer, row: SavedSearchRow): Promise<WebhookDelivery[]> {
    const receiver = { savedSearchId: row.id };
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => this.#outbox.latest(tx, receiver, SHOWN_DELIVERIES));
    return rows.map(toDelivery);
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CONFLICT when the name is taken */
  async create(
    viewer: Viewer,
    input: SearchInput & { name: string; webhook?: { url: string } | null },
  ): Promise<{ savedSearch: SavedSearch; webhookSecret: string | null }> {
    requireRole(viewer, input.webhook == null ? 'EDITOR' : RECEIVER_ROLE);
    const name = readLabel(input.name, 'input.name', MAX_NAME_LENGTH);
    const search = await this.#checkSearch(viewer, input);
    const webhook = this.#readWebhook(input.webhook);
    const savedSearch = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      if ((await countSavedSearches(tx)) >= MAX_SAVED_SEARCHES) {
        throw new VitrineError('CONFLICT', `There are ${MAX_SAVED_SEARCHES} saved searches, the most there can be. Delete one first.`);
      }
      const id = await insertSavedSearch(tx, { name, search, webhook });
      if (id === null) throw nameTaken(name);
      return getSavedSearch(viewer, tx, id);
    });
    await this.#afterChange(viewer.organizationId);
    return { savedSearch, webhookSecret: webhook?.secret ?? null };
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT when the name is taken */
  async update(
    viewer: Viewer,
    input: SearchInput & { id: string; ifMatch?: string | null; name?: string | null; webhook?: { url: string } | null },
  ): Promise<{ savedSearch: SavedSearch; webhookSecret: string | null }> {
    requireRole(viewer, input.webhook === undefined ? 'EDITOR' : RECEIVER_ROLE);
    const id = fromGlobalId('SavedSearch', input.id, 'input.id');
    const name = input.name == null ? undefined : readLabel(input.name, 'input.name', MAX_NAME_LENGTH);
    const search = input.query === undefined && input.filter === undefined ? undefined : await this.#checkSearch(viewer, input);
    const webhook = input.webhook === undefined ? undefined : this.#readWebhook(input.webhook);
    const change = { ...(name !== undefined && { name }), ...(search && { search }), ...(webhook !== undefined && { webhook }) };
    const savedSearch = await this.#database
      .asOrganization(viewer.organizationId, async (tx) => {
        if ((await lockSavedSearch(tx, id)) === null) throw notFound(input.id);
        requireMatch(input.ifMatch, (await getSavedSearch(viewer, tx, id)).etag);
        await updateSavedSearch(tx, id, change);
        return getSavedSearch(viewer, tx, id);
      })
      .catch((error: { code?: string }) => {
        throw error.code === '23505' ? nameTaken(name ?? '') : error;
      });
    if (search) await this.#afterChange(viewer.organizationId);
    return { savedSearch, webhookSecret: webhook?.secret ?? null };
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async delete(viewer: Viewer, input: { id: string }): Promise<{ deletedId: string }> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('SavedSearch', input.id, 'input.id');
    if (!(await this.#database.asOrganization(viewer.organizationId, (tx) => deleteSavedSearch(tx, id)))) throw notFound(input.id);
    return { deletedId: toGlobalId('SavedSearch', id) };
  }

  /** Reads the search by asking it once, so that whatever is wrong with it is said now. */
  async #checkSearch(viewer: Viewer, { query, filter }: SearchInput): Promise<SearchInput> {
    if (query == null && filter == null) throw badInput('input', {}, 'query, filter, or both');
    try {
      await this.#search.findAssets(viewer, { query: query ?? null, filter: filter ?? null, first: 1 });
    } catch (error) {
      if (!isVitrineError(error) || error.field === undefined) throw error;
      const message = error.message.startsWith(error.field) ? `input.${error.message}` : error.message;
      throw new VitrineError(error.code, message, { ...error, field: `input.${error.field}` });
    }
    return { query: query ?? null, filter: filter ?? null };
  }

  #readWebhook(webhook: { url: string } | null | undefined): WebhookChange {
    return webhook == null ? null : this.#outbox.newReceiver(webhook.url, 'input.webhook.url');
  }
}

function toSavedSearch(viewer: Viewer, row: SavedSearchRow): SavedSearch {
  return {
    row,
    id: toGlobalId('SavedSearch', row.id),
    name: row.name,
    query: row.search.query ?? null,
    filter: row.search.filter ?? null,
    webhook: row.webhookUrl === null ? null : { url: shownReceiver(viewer, row.webhookUrl), stoppedAt: row.webhookStoppedAt },
    matchCount: row.matchCount,
    evaluatedAt: row.evaluatedAt,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    etag: etagOf(row.name, row.search.query ?? null, row.search.filter ?? null, row.webhookUrl),
  };
}

async function getSavedSearch(viewer: Viewer, tx: OrganizationTx, id: string): Promise<SavedSearch> {
  return toSavedSearch(viewer, (await findSavedSearch(tx, id)) as SavedSearchRow);
}

function notFound(id: string): VitrineError {
  return new VitrineError('NOT_FOUND', 'input.id: there is no such saved search. Nothing was changed.', { field: 'input.id', value: id });
}

function nameTaken(name: string): VitrineError {
  return new VitrineError('CONFLICT', `input.name: there is a saved search ${JSON.stringify(name)} already. Choose another name.`, {
    field: 'input.name',
    value: name,
  });
}
