import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import { readAssetIds, requireAllFound } from '../../platform/graphql/asset-id-list.js';
import { refreshSearchRows } from '../../engines/embedding/search-row.queries.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { readTagName } from './label.js';
import { spellNames, toFamilies } from './tag-family.js';
import {
  addTags,
  countTags,
  findTagFamilies,
  findTag,
  findTagIds,
  findTagNames,
  hasOldTags,
  indexOldTags,
  insertTags,
  listTags,
  lockAssets,
  removeTags,
  type TagFamily,
  type TagRow,
} from './tag.queries.js';
import type { Tag, TagChange } from './tag.types.js';

const MAX_TAGS_PER_CALL = 50;
const CURSOR_KEYS = z.tuple([cursorKey.text]);

/** Told about assets whose tags have changed, in the transaction of the change: rules may apply to some tags only. */
export interface TagChangeListener {
  afterChange(tx: OrganizationTx, assetIds: readonly string[]): Promise<void>;
}

export interface FoundTags {
  /** By the name as it was given. */
  ids: Map<string, number>;
  /** Names as they were given, of tags that do not exist. */
  unknown: string[];
}

export class TagService {
  readonly #database: Database;
  readonly #listener: TagChangeListener;

  constructor(database: Database, listener: TagChangeListener) {
    this.#database = database;
    this.#listener = listener;
  }

  async find(viewer: Viewer, id: number): Promise<Tag | null> {
    requireRole(viewer, 'VIEWER');
    const row = await this.#database.asOrganization(viewer.organizationId, (tx) => findTag(tx, id));
    return row && toTag(row);
  }

  /** Tags by name. @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async listTags(
    viewer: Viewer,
    options: { prefix?: string | null; first?: number | null; after?: string | null },
  ): Promise<Connection<Tag>> {
    requireRole(viewer, 'VIEWER');
    const prefix = options.prefix?.trim() ? readTagName(options.prefix, 'prefix') : '';
    const page = readPage(options.first, options.after, 'tags', prefix);
    const [afterName] = readKeys(page, CURSOR_KEYS, options.after) ?? [null];
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listTags(tx, prefix, afterName, page.first + 1);
      return toConnection(page, rows, await countTags(tx, prefix), toTag, (row) => [row.name]);
    });
  }

  /**
   * Ids of tags by the names as they were given; missing tags are created. Call it once a transaction, with all names: several calls
   * may deadlock with another transaction's. Several spellings of a tag have one id.
   * @throws VitrineError BAD_USER_INPUT naming `field[index]`
   */
  async resolveNames(tx: OrganizationTx, names: readonly string[], field = 'tags'): Promise<Map<string, number>> {
    const spelled = names.map((name, index) => readTagName(name, `${field}[${index}]`));
    const wanted = [...new Set(spelled)];
    let ids = await findTagIds(tx, wanted);
    // Looked for first: an insert that meets a conflict uses up an id all the same, and ids are 32 bits wide.
    const missing = wanted.filter((name) => !ids.has(name));
    if (missing.length > 0) {
      await insertTags(tx, missing);
      ids = await findTagIds(tx, wanted);
    }
    return new Map(names.map((name, index) => [name, ids.get(spelled[index] as string) as number]));
  }

  /** Ids of the tags that exist; creates none. @throws VitrineError BAD_USER_INPUT naming `field[index]` */
  async findIds(tx: OrganizationTx, names: readonly string[], field = 'tags'): Promise<FoundTags> {
    const spelled = names.map((name, index) => readTagName(name, `${field}[${index}]`));
    const known = await findTagIds(tx, [...new Set(spelled)]);
    const found: FoundTags = { ids: new Map(), unknown: [] };
    for (const [index, name] of names.entries()) {
      const id = known.get(spelled[index] as string);
      if (id === undefined) found.unknown.push(name);
      else found.ids.set(name, id);
    }
    return found;
  }

  /** What each name stands for in the hierarchy that `/` makes; a name that nothing bears, itself or below, is left out. */
  async findFamilies(tx: OrganizationTx, names: readonly string[]): Promise<Map<string, TagFamily>> {
    const rows = await findTagFamilies(tx, spellNames(names));
    return toFamilies(names, rows);
  }

  /** Stores the words of tags anew that an older program stored, so many at once. @returns how many; 0 when none are left */
  indexOld(tx: OrganizationTx, limit: number): Promise<number> {
    return indexOldTags(tx, limit);
  }

  hasOld(tx: OrganizationTx): Promise<boolean> {
    return hasOldTags(tx);
  }

  /** Names of tags by id; ids of no tag of this organisation are left out. */
  loadNames(tx: OrganizationTx, ids: readonly number[]): Promise<Map<number, string>> {
    return findTagNames(tx, [...new Set(ids)]);
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async addToAssets(viewer: Viewer, input: { assets: string[]; tags: string[] }): Promise<TagChange> {
    requireRole(viewer, 'EDITOR');
    const assetIds = readAssetIds(input.assets, 'input.assets');
    requireTagCount(input.tags);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const tagIds = new Set((await this.resolveNames(tx, input.tags, 'input.tags')).values());
      requireAllFound(assetIds, await lockAssets(tx, assetIds), 'input.assets');
      return this.#finish(tx, await addTags(tx, assetIds, [...tagIds]));
    });
  }

  /** Adds each tag to its assets, in the caller's transaction: with all that follows from a tag. Call it before other locks are taken. */
  async addEach(tx: OrganizationTx, wanted: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const tagIds = await this.resolveNames(tx, [...wanted.keys()]);
    await lockAssets(tx, [...wanted.values()].flat());
    const changed = new Set<string>();
    for (const [name, assetIds] of wanted) {
      for (const id of await addTags(tx, assetIds, [tagIds.get(name) as number])) changed.add(id);
    }
    await this.#finish(tx, [...changed]);
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async removeFromAssets(viewer: Viewer, input: { assets: string[]; tags: string[] }): Promise<TagChange> {
    requireRole(viewer, 'EDITOR');
    const assetIds = readAssetIds(input.assets, 'input.assets');
    requireTagCount(input.tags);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const tags = await this.findIds(tx, input.tags, 'input.tags');
      const unknown = tags.unknown[0];
      if (unknown !== undefined) {
        const field = `input.tags[${input.tags.indexOf(unknown)}]`;
        throw new VitrineError('NOT_FOUND', `${field}: there is no tag ${JSON.stringify(unknown)}. Nothing was changed.`, {
          field,
          value: unknown,
        });
      }
      requireAllFound(assetIds, await lockAssets(tx, assetIds), 'input.assets');
      return this.#finish(tx, await removeTags(tx, assetIds, [...new Set(tags.ids.values())]));
    });
  }

  async #finish(tx: OrganizationTx, changed: string[]): Promise<TagChange> {
    if (changed.length > 0) {
      await refreshSearchRows(tx, changed);
      await this.#listener.afterChange(tx, changed);
    }
    return { assetIds: changed.sort().map((id) => toGlobalId('Asset', id)), assetCount: changed.length };
  }
}

function requireTagCount(tags: readonly string[]): void {
  if (tags.length >= 1 && tags.length <= MAX_TAGS_PER_CALL) return;
  throw badInput(
    'input.tags',
    tags.length,
    '1 to 50 tags a call',
    `input.tags has ${tags.length} tags; allowed: 1 to ${MAX_TAGS_PER_CALL} a call.`,
  );
}

function toTag({ id, name, assetCount }: TagRow): Tag {
  return { id: toGlobalId('Tag', id), name, assetCount };
}
