import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import { parseAssetFields } from '../../library/assets/asset-fields.js';
import type { DuplicateBy, OnDuplicate } from '../../library/assets/duplicates.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, isVitrineError, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { diskPathOf, listFolder, resolveInside } from './folder-source.js';
import type { ImportService } from './import.service.js';
import * as rows from './watched-folder.queries.js';

export type { WatchedFolderRow } from './watched-folder.queries.js';
type Row = rows.WatchedFolderRow;

const CURSOR_KEYS = z.tuple([cursorKey.moment, cursorKey.id]);
const SCAN_EVERY_SECONDS = 30;
/** A scan that takes longer may be joined by a second one, which does no harm. */
const LEASE_SECONDS = 900;
const CHUNK = 500;

export interface WatchRequest {
  folder: string;
  settleSeconds: number;
  defaults?: unknown;
  onDuplicate: OnDuplicate;
  duplicateBy: readonly DuplicateBy[];
}

/** Folders that are looked at again and again; files that have settled there are imported, each state of each file once. */
export class WatchedFolderService {
  readonly #database: Database;
  readonly #imports: ImportService;
  readonly #roots: readonly string[];

  constructor(database: Database, imports: ImportService, roots: readonly string[]) {
    this.#database = database;
    this.#imports = imports;
    this.#roots = roots;
  }

  /** @throws VitrineError FORBIDDEN, FILE_NOT_FOUND, BAD_USER_INPUT, CONFLICT (overlaps a folder that is watched) */
  async create(viewer: Viewer, { folder, settleSeconds, defaults, onDuplicate, duplicateBy }: WatchRequest): Promise<Row> {
    requireRole(viewer, 'ADMIN');
    if (settleSeconds < 1 || settleSeconds > 86_400) throw badInput('input.settleSeconds', settleSeconds, '1 to 86,400 seconds');
    const fields = defaults == null ? {} : parseAssetFields(defaults, 'input.defaults');
    if (fields.externalId) throw badInput('input.defaults.externalId', fields.externalId, 'nothing: an external id belongs to one asset');
    const real = await resolveInside(this.#roots, folder, 'folder', 'input.folder');
    const id = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const other = (await rows.listFolderPaths(tx)).find((known) => isInside(known, real) || isInside(real, known));
      if (other !== undefined) {
        const message = `input.folder: ${JSON.stringify(other)} is watched already${other === real ? '' : ', and its files would be imported twice'}.`;
        throw new VitrineError('CONFLICT', message, { field: 'input.folder', value: folder });
      }
      return rows.insertWatchedFolder(tx, {
        folder: real,
        settleSeconds,
        defaults: fields,
        onDuplicate,
        duplicateBy,
        apiKeyId: viewer.apiKeyId,
        apiKeyName: viewer.apiKeyName,
      });
    });
    return this.#get(viewer, id);
  }

  /** @throws VitrineError FORBIDDEN */
  find(viewer: Viewer, id: string): Promise<Row | null> {
    requireRole(viewer, 'ADMIN');
    return this.#database.asOrganization(viewer.organizationId, (tx) => rows.findWatchedFolder(tx, id));
  }

  list(viewer: Viewer, first: number | null | undefined, after: string | null | undefined): Promise<Connection<Row>> {
    requireRole(viewer, 'ADMIN');
    const page = readPage(first, after, 'watchedFolders');
    const keys = readKeys(page, CURSOR_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const found = await rows.listWatchedFolders(tx, page.first + 1, keys && { createdAt: keys[0], id: keys[1] });
      return toConnection(
        page,
        found,
        found[0]?.total ?? 0,
        (row) => row,
        (row) => [row.created_at.toISOString(), row.id],
      );
    });
  }

  /** @throws VitrineError FORBIDDEN, NOT_FOUND */
  async setState(viewer: Viewer, id: string, state: Row['state']): Promise<Row> {
    requireRole(viewer, 'ADMIN');
    const { organizationId } = viewer;
    if (!(await this.#database.asOrganization(organizationId, (tx) => rows.setWatchedFolderState(tx, id, state)))) throw notFound();
    return this.#get(viewer, id);
  }

  /** What was imported stays; imports under way go on with what they have listed. @throws VitrineError FORBIDDEN, NOT_FOUND */
  async remove(viewer: Viewer, id: string): Promise<void> {
    requireRole(viewer, 'ADMIN');
    if (!(await this.#database.asOrganization(viewer.organizationId, (tx) => rows.deleteWatchedFolder(tx, id)))) throw notFound();
  }

  /** Looks into every folder whose time has come. @returns how many files went into imports */
  async scanDue(organizationId: string): Promise<number> {
    const due = await this.#database.asOrganization(organizationId, (tx) => rows.claimDueFolders(tx, LEASE_SECONDS));
    let taken = 0;
    for (const id of due) taken += await this.#scan(organizationId, id);
    return taken;
  }

  async #scan(organizationId: string, id: string): Promise<number> {
    const folder = await this.#database.asOrganization(organizationId, (tx) => rows.findWatchedFolder(tx, id));
    if (folder === null) return 0;
    const finish = (error: VitrineError | null, importId: string | null) =>
      this.#database.asOrganization(organizationId, (tx) =>
        rows.finishScan(tx, id, {
          error: error && { code: error.code, message: error.message },
          importId,
          nextSeconds: SCAN_EVERY_SECONDS,
        }),
      );
    let unreadable: VitrineError | null;
    try {
      unreadable = await this.#note(organizationId, folder);
    } catch (error) {
      if (!isVitrineError(error)) throw error;
      await finish(error, null);
      return 0;
    }
    const by = { apiKeyId: folder.created_by, apiKeyName: folder.created_by_name };
    // The files and the import that takes them, together or not at all.
    const { taken, importId } = await this.#database.asOrganization(organizationId, (tx) => this.#take(tx, folder), by);
    await finish(unreadable, importId);
    if (importId !== null) this.#imports.wake();
    return taken;
  }

  /** Writes down what lies in the folder. @returns what could not be read below it */
  async #note(organizationId: string, { id, folder }: Row): Promise<VitrineError | null> {
    // Anew each time: a link may lead elsewhere by now, and the configuration may have changed.
    if ((await resolveInside(this.#roots, folder, 'folder', 'folder')) !== folder)
      throw new VitrineError('FORBIDDEN', 'The folder is now a link to another one. Remove it here, and watch the other one instead.');
    const began = await this.#database.asOrganization(organizationId, rows.databaseNow);
    let unreadable: VitrineError | null = null;
    let chunk: rows.SeenFile[] = [];
    const write = async () => {
      const files = chunk;
      chunk = [];
      if (files.length > 0) await this.#database.asOrganization(organizationId, (tx) => rows.noteFiles(tx, id, files));
    };
    for await (const { label, source, error } of listFolder(folder)) {
      if (error !== null) unreadable ??= new VitrineError(error.code, `${label}: ${error.message}`);
      if (source?.type !== 'PATH') continue;
      const onDisk = diskPathOf(source);
      const found = await stat(onDisk).catch(() => null);
      if (found === null || !found.isFile()) continue;
      const below = Buffer.from(onDisk as Buffer).subarray(Buffer.byteLength(folder) + 1);
      const pathSha256 = createHash('sha256').update(below).digest('hex');
      const named = source.bytes === undefined ? { path: below.toString(), bytes: null } : { path: label, bytes: below.toString('base64') };
      chunk.push({ pathSha256, ...named, byteSize: found.size, modifiedAtMs: Math.trunc(found.mtimeMs) });
      if (chunk.length === CHUNK) await write();
    }
    await write();
    await this.#database.asOrganization(organizationId, (tx) => rows.forgetVanished(tx, id, began));
    return unreadable;
  }

  async #take(tx: OrganizationTx, folder: Row): Promise<{ taken: number; importId: string | null }> {
    const batchId = randomUUID();
    const taken = await rows.takeSettled(tx, folder.id, batchId, folder.settle_seconds);
    if (taken === 0) return { taken, importId: null };
    const importId = await this.#imports.createIn(tx, {
      source: { type: 'WATCHED', folder: folder.folder, batchId },
      defaults: folder.defaults,
      onDuplicate: folder.on_duplicate,
      duplicateBy: folder.duplicate_by,
      dryRun: false,
      readMetadata: true,
    });
    return { taken, importId };
  }

  async #get(viewer: Viewer, id: string): Promise<Row> {
    const found = await this.#database.asOrganization(viewer.organizationId, (tx) => rows.findWatchedFolder(tx, id));
    if (found === null) throw notFound();
    return found;
  }
}

function isInside(folder: string, other: string): boolean {
  return folder === other || other.startsWith(folder + path.sep);
}

const notFound = () => new VitrineError('NOT_FOUND', 'input.id: there is no such watched folder.', { field: 'input.id' });
