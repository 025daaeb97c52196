import { inOrderOf } from '../../platform/graphql/node.js';
import { z } from 'zod';
import { etagOf, requireMatch } from '../../platform/graphql/etag.js';
import { requireRole, type Viewer } from '../../viewer.js';
import { readAssetIds, requireAllFound } from '../../platform/graphql/asset-id-list.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.js';
import { readLabel } from '../tags/label.js';
import {
  type CollectionRow,
  countCollections,
  deleteCollection,
  deleteMembers,
  findCollection,
  findCollections,
  findCollectionIds,
  findMemberships,
  holdAssets,
  holdCollection,
  insertCollection,
  insertCollections,
  insertMembers,
  listCollections,
  listCollectionsOfAssets,
  listMembers,
  lockCollection,
  updateCollection,
} from './collection.queries.js';
import type { Collection } from './collection.types.js';

const MAX_NAME_LENGTH = 200;
const MAX_DESCRIPTION_LENGTH = 10_000;
const UNIQUE_VIOLATION = '23505';
const CURSOR_KEYS = z.tuple([cursorKey.text]);

/** Who has to know, in the transaction of the change, that assets came into collections or left them. */
export interface MembershipListener {
  afterChange(tx: OrganizationTx, assetIds: readonly string[]): Promise<void>;
}

export class CollectionService {
  readonly #database: Database;
  readonly #listener: MembershipListener;

  constructor(database: Database, listener: MembershipListener = { afterChange: async () => undefined }) {
    this.#database = database;
    this.#listener = listener;
  }

  /** Collections by key, in order. */
  async findMany(viewer: Viewer, keys: readonly string[]): Promise<(Collection | null)[]> {
    requireRole(viewer, 'VIEWER');
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => findCollections(tx, keys));
    return inOrderOf(keys, rows).map((row) => row && toCollection(row));
  }

  /** Null when there is no such collection. @throws VitrineError BAD_USER_INPUT when `id` is none of a collection */
  async findCollection(viewer: Viewer, id: string): Promise<Collection | null> {
    requireRole(viewer, 'VIEWER');
    const key = fromGlobalId('Collection', id, 'id');
    const row = await this.#database.asOrganization(viewer.organizationId, (tx) => findCollection(tx, key));
    return row && toCollection(row);
  }

  /** Collections by name. @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async listCollections(viewer: Viewer, options: { first?: number | null; after?: string | null }): Promise<Connection<Collection>> {
    requireRole(viewer, 'VIEWER');
    const page = readPage(options.first, options.after, 'collections');
    const [afterName] = readKeys(page, CURSOR_KEYS, options.after) ?? [null];
    return this.#database.asOrganization(viewer.organizationId, async (tx) =>
      toConnection(page, await listCollections(tx, afterName, page.first + 1), await countCollections(tx), toCollection, (row) => [
        row.name,
      ]),
    );
  }

  /** The collections of each asset, by name, in the order of `assetIds`: for loaders. */
  async collectionsOfAssets(viewer: Viewer, assetIds: readonly string[]): Promise<Collection[][]> {
    requireRole(viewer, 'VIEWER');
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => listCollectionsOfAssets(tx, assetIds));
    const byAsset = new Map(assetIds.map((id) => [id, [] as Collection[]]));
    for (const { assetId, ...row } of rows) byAsset.get(assetId)?.push(toCollection(row));
    return assetIds.map((id) => byAsset.get(id) ?? []);
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CONFLICT when the name is taken */
  async createCollection(viewer: Viewer, input: { name: string; description: string }): Promise<{ collection: Collection }> {
    requireRole(viewer, 'EDITOR');
    const name = readLabel(input.name, 'input.name', MAX_NAME_LENGTH);
    const description = readDescription(input.description);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const id = await insertCollection(tx, name, description);
      if (id === null) throw nameTaken(name);
      return { collection: await getCollection(tx, id, 'input') };
    });
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT when the name is taken */
  async updateCollection(
    viewer: Viewer,
    input: { id: string; ifMatch?: string | null; name?: string | null; description?: string | null },
  ): Promise<{ collection: Collection }> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('Collection', input.id, 'input.id');
    const name = input.name == null ? null : readLabel(input.name, 'input.name', MAX_NAME_LENGTH);
    const description = input.description == null ? null : readDescription(input.description);
    try {
      return await this.#database.asOrganization(viewer.organizationId, async (tx) => {
        if (!(await lockCollection(tx, id))) throw notFound('input.id', id);
        requireMatch(input.ifMatch, (await getCollection(tx, id, 'input.id')).etag);
        await updateCollection(tx, id, name, description);
        return { collection: await getCollection(tx, id, 'input.id') };
      });
    } catch (error) {
      throw (error as { code?: string }).code === UNIQUE_VIOLATION ? nameTaken(name) : error;
    }
  }

  /** Its assets stay. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async deleteCollection(viewer: Viewer, input: { id: string }): Promise<{ deletedId: string }> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('Collection', input.id, 'input.id');
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const members = await listMembers(tx, id);
      if (!(await deleteCollection(tx, id))) throw notFound('input.id', id);
      await this.#listener.afterChange(tx, members);
      return { deletedId: toGlobalId('Collection', id) };
    });
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND naming the collection or the asset */
  async addAssetsByIds(
    viewer: Viewer,
    input: { collection: string; assets: string[] },
  ): Promise<{ collection: Collection; addedCount: number }> {
    return this.#changeMembers(viewer, input, async (tx, id, assetIds) => ({
      addedCount: await this.#told(tx, await insertMembers(tx, id, assetIds)),
      collection: await getCollection(tx, id, 'input.collection'),
    }));
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND naming the collection or the asset */
  async removeAssetsByIds(
    viewer: Viewer,
    input: { collection: string; assets: string[] },
  ): Promise<{ collection: Collection; removedCount: number }> {
    return this.#changeMembers(viewer, input, async (tx, id, assetIds) => ({
      removedCount: await this.#told(tx, await deleteMembers(tx, id, assetIds)),
      collection: await getCollection(tx, id, 'input.collection'),
    }));
  }

  /**
   * Ids of collections by the names as they were given; missing ones are created. Call it once a transaction, with all names.
   * @throws VitrineError BAD_USER_INPUT naming `field[index]`
   */
  async resolveNames(tx: OrganizationTx, names: readonly string[], field = 'collections'): Promise<Map<string, string>> {
    const spelled = names.map((name, index) => readLabel(name, `${field}[${index}]`, MAX_NAME_LENGTH));
    const wanted = [...new Set(spelled)];
    let ids = await findCollectionIds(tx, wanted);
    const missing = wanted.filter((name) => !ids.has(name));
    if (missing.length > 0) {
      await insertCollections(tx, missing);
      ids = await findCollectionIds(tx, wanted);
    }
    return new Map(names.map((name, index) => [name, ids.get(spelled[index] as string) as string]));
  }

  /** Puts assets that exist into a collection that exists. @returns those that were not in it */
  addAssets(tx: OrganizationTx, collectionId: string, assetIds: readonly string[]): Promise<string[]> {
    return insertMembers(tx, collectionId, assetIds);
  }

  /** Takes assets out of a collection. @returns those that were in it */
  removeAssets(tx: OrganizationTx, collectionId: string, assetIds: readonly string[]): Promise<string[]> {
    return deleteMembers(tx, collectionId, assetIds);
  }

  /** Ids of the collections that exist, by the names as they were given; creates none. @throws VitrineError BAD_USER_INPUT naming `field[index]` */
  async findIds(tx: OrganizationTx, names: readonly string[], field = 'collections'): Promise<Map<string, string>> {
    const spelled = names.map((name, index) => readLabel(name, `${field}[${index}]`, MAX_NAME_LENGTH));
    const ids = await findCollectionIds(tx, [...new Set(spelled)]);
    return new Map(
      names.flatMap((name, index) => (ids.has(spelled[index] as string) ? [[name, ids.get(spelled[index] as string) as string]] : [])),
    );
  }

  /** For each asset the ones of these collections that it is in. */
  async membershipsOf(
    tx: OrganizationTx,
    collectionIds: readonly string[],
    assetIds: readonly string[],
  ): Promise<Map<string, Set<string>>> {
    const found = new Map(assetIds.map((id) => [id, new Set<string>()]));
    if (collectionIds.length === 0) return found;
    for (const { assetId, collectionId } of await findMemberships(tx, collectionIds, assetIds)) found.get(assetId)?.add(collectionId);
    return found;
  }

  async #told(tx: OrganizationTx, assetIds: readonly string[]): Promise<number> {
    if (assetIds.length > 0) await this.#listener.afterChange(tx, assetIds);
    return assetIds.length;
  }

  async #changeMembers<T>(
    viewer: Viewer,
    input: { collection: string; assets: string[] },
    change: (tx: OrganizationTx, id: string, assetIds: string[]) => Promise<T>,
  ): Promise<T> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('Collection', input.collection, 'input.collection');
    const assetIds = readAssetIds(input.assets, 'input.assets');
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      if (!(await holdCollection(tx, id))) throw notFound('input.collection', id);
      requireAllFound(assetIds, await holdAssets(tx, assetIds), 'input.assets');
      return change(tx, id, assetIds);
    });
  }
}

async function getCollection(tx: OrganizationTx, id: string, field: string): Promise<Collection> {
  const row = await findCollection(tx, id);
  if (row === null) throw notFound(field, id);
  return toCollection(row);
}

function toCollection(row: CollectionRow): Collection {
  return { ...row, id: toGlobalId('Collection', row.id), etag: etagOf(row.name, row.description) };
}

function readDescription(text: string): string {
  const description = text.normalize('NFC').trim();
  if (!description.isWellFormed() || description.includes('\0') || [...description].length > MAX_DESCRIPTION_LENGTH) {
    throw badInput('input.description', text, `up to ${MAX_DESCRIPTION_LENGTH} characters of text`);
  }
  return description;
}

function notFound(field: string, id: string): VitrineError {
  return new VitrineError('NOT_FOUND', `${field}: there is no such collection. Nothing was changed.`, { field, value: id });
}

function nameTaken(name: string | null): VitrineError {
  return new VitrineError('CONFLICT', `input.name: there is a collection ${JSON.stringify(name)} already. Choose another name.`, {
    field: 'input.name',
    value: name,
  });
}
