import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import type { FileKeeper } from './file-keeper.js';
import {
  countMissingFiles,
  deleteOldExports,
  deleteOldReports,
  deleteOldUploads,
  forgetCopy,
  isReferenced,
  listMissingFiles,
  listReferenced,
  listUnusedCopies,
  listVersionsOf,
  type MissingFile,
  type NotedMissingFile,
  noteMissingFiles,
} from './storage.queries.js';

export interface StorageReport {
  /** Files in storage. */
  files: number;
  /** Files that no row is about, and that nobody has put for the grace period. */
  orphans: number;
  /** Of them, those that were removed. */
  removed: number;
  /** Files that are gone, and that no row is about, of which renditions (thumbnails and the like) were left; and those removed. */
  leftRenditions: number;
  removedRenditions: number;
  /** Versions whose file is not in storage, the first hundred of them. */
  missing: (MissingFile & { organization: string })[];
  missingCount: number;
  /** Rows that were forgotten since their time is over; their files are orphans from now on. */
  expired: { uploads: number; reports: number; exports: number; copies: number };
}

export interface StorageCheckOptions {
  /** Whether orphans and expired rows are removed, or only counted. */
  repair?: boolean;
  /** Removes orphans even if most files seem to be some. */
  force?: boolean;
  graceMs?: number;
  signal?: AbortSignal;
  onProgress?: (files: number) => void;
}

interface Organizations {
  listOrganizations(): Promise<{ id: string; slug: string }[]>;
}

export const GRACE_MS = 24 * 60 * 60 * 1000;
/** An upload or a batch of an import may take a while from its file to its row. */
const MIN_GRACE_MS = 60 * 60 * 1000;
const UPLOAD_DAYS = 7;
const REPORT_DAYS = 90;
/** Copies with metadata are as large as their originals, and quickly made. */
const COPY_DAYS = 30;
const CHUNK = 1000;
const MISSING_KEYS = z.tuple([cursorKey.moment, cursorKey.id]);
const MAX_LISTED = 100;
/** More orphans than this share of all files: a database that belongs to other files, rather than forgotten ones. */
const SUSPICIOUS_SHARE = 0.5;
const SUSPICIOUS_FROM = 20;

/** Compares what is in storage with what the database knows, and tidies up; beside running imports. */
export class StorageService {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #keeper: FileKeeper;
  readonly #organizations: Organizations;

  constructor(database: Database, files: FileStore, keeper: FileKeeper, organizations: Organizations) {
    this.#database = database;
    this.#files = files;
    this.#keeper = keeper;
    this.#organizations = organizations;
  }

  /** @throws VitrineError BAD_USER_INPUT (grace period), CONFLICT (most files are orphans, without `force`), STORAGE_UNAVAILABLE */
  async check(options: StorageCheckOptions = {}): Promise<StorageReport> {
    const { repair = false, graceMs = GRACE_MS } = options;
    if (!(graceMs >= MIN_GRACE_MS)) throw badInput('graceMs', graceMs, `at least ${MIN_GRACE_MS} (an hour)`);
    const expired = repair ? await this.#forgetExpired() : { uploads: 0, reports: 0, exports: 0, copies: 0 };
    const counted = await this.#walk(graceMs, options, async () => false);
    if (!repair || counted.orphans === 0) return { ...counted, ...(await this.#walkRenditions(options)), expired };
    if (!options.force && counted.orphans >= SUSPICIOUS_FROM && counted.orphans > counted.files * SUSPICIOUS_SHARE) {
      const message = `${counted.orphans} of ${counted.files} files are unknown to this database: is it the one they belong to? Nothing was removed. \`vitrine storage check --repair --force\` removes them.`;
      throw new VitrineError('CONFLICT', message, { value: counted.orphans });
    }
    const swept = await this.#walk(graceMs, options, (sha256) => this.#remove(sha256, graceMs));
    return { ...swept, ...(await this.#walkRenditions(options)), expired };
  }

  /** Versions whose files were missing at the last check, those missing longest first. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CURSOR_MISMATCH */
  async listMissing(
    viewer: Viewer,
    first: number | null | undefined,
    after: string | null | undefined,
  ): Promise<Connection<NotedMissingFile>> {
    requireRole(viewer, 'VIEWER');
    const page = readPage(first, after, 'missingFiles');
    const keys = readKeys(page, MISSING_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) =>
      toConnection(
        page,
        await listMissingFiles(tx, keys && { since: keys[0], id: keys[1] }, page.first + 1),
        await countMissingFiles(tx),
        (row) => row,
        (row) => [row.missingSince.toISOString(), row.versionId],
      ),
    );
  }

  /** Renditions without a file: both listings are ascending. Those of a file that is missing stay, for it may be restored. */
  async #walkRenditions({ repair, signal }: StorageCheckOptions): Promise<Pick<StorageReport, 'leftRenditions' | 'removedRenditions'>> {
    const found = { leftRenditions: 0, removedRenditions: 0 };
    const files = this.#files.list()[Symbol.asyncIterator]();
    let file = await files.next();
    for await (const sha256 of this.#files.listRendered()) {
      signal?.throwIfAborted();
      while (!file.done && file.value < sha256) file = await files.next();
      if (!file.done && file.value === sha256) continue;
      // It may have come since it was listed.
      if ((await this.#files.has(sha256)) || (await this.#isReferenced(sha256))) continue;
      found.leftRenditions += 1;
      if (repair && (await this.#keeper.removeRenditions(sha256))) found.removedRenditions += 1;
    }
    await files.return?.();
    return found;
  }

  /** The listing is ascending, and so are the rows: each chunk of files is compared with the rows of the same stretch. */
  async #walk(graceMs: number, { signal, onProgress }: StorageCheckOptions, remove: (sha256: string) => Promise<boolean>) {
    const found: Omit<StorageReport, 'expired' | 'leftRenditions' | 'removedRenditions'> = {
      files: 0,
      orphans: 0,
      removed: 0,
      missing: [],
      missingCount: 0,
    };
    const organizations = await this.#organizations.listOrganizations();
    const compare = async (chunk: readonly string[], after: string, upTo: string | null) => {
      const orphans = new Set(chunk);
      const present = new Set(chunk);
      for (const { id, slug } of organizations) {
        signal?.throwIfAborted();
        const rows = await this.#database.asOrganization(id, (tx) => listReferenced(tx, after, upTo));
        for (const sha256 of rows) orphans.delete(sha256);
        const gone = await this.#findGone(rows.filter((sha256) => !present.has(sha256)));
        await this.#noteMissing(found, { id, slug }, { after, upTo }, gone);
      }
      for (const sha256 of orphans) {
        signal?.throwIfAborted();
        const changedAtMs = await this.#files.changedAtMs(sha256);
        if (changedAtMs === null || changedAtMs > Date.now() - graceMs) continue;
        found.orphans += 1;
        if (await remove(sha256)) found.removed += 1;
      }
      found.files += chunk.length;
      onProgress?.(found.files);
    };
    let chunk: string[] = [];
    let after = '';
    for await (const sha256 of this.#files.list()) {
      chunk.push(sha256);
      if (chunk.length < CHUNK) continue;
      await compare(chunk, after, sha256);
      after = sha256;
      chunk = [];
    }
    await compare(chunk, after, null);
    return found;
  }

  /** A row that came after its stretch was listed has a file all the same: each is looked at again. */
  async #findGone(suspects: readonly string[]): Promise<string[]> {
    const gone: string[] = [];
    for (const sha256 of suspects) if (!(await this.#files.has(sha256))) gone.push(sha256);
    return gone;
  }

  /** In the report, and with the versions: what is known of them is from before. */
  async #noteMissing(
    found: Pick<StorageReport, 'missing' | 'missingCount'>,
    { id, slug }: { id: string; slug: string },
    { after, upTo }: { after: string; upTo: string | null },
    gone: readonly string[],
  ): Promise<void> {
    const versions = await this.#database.asOrganization(id, async (tx) => {
      await noteMissingFiles(tx, after, upTo, gone);
      return gone.length === 0 ? [] : listVersionsOf(tx, gone);
    });
    found.missingCount += versions.length;
    for (const version of versions.slice(0, MAX_LISTED - found.missing.length)) found.missing.push({ ...version, organization: slug });
  }

  async #remove(sha256: string, graceMs: number): Promise<boolean> {
    // Again: a row may have come since the stretch was read.
    return (await this.#isReferenced(sha256)) ? false : this.#keeper.remove(sha256, graceMs);
  }

  /** Whether any organisation has a row about it, those that are new included. */
  async #isReferenced(sha256: string): Promise<boolean> {
    for (const { id } of await this.#organizations.listOrganizations())
      if (await this.#database.asOrganization(id, (tx) => isReferenced(tx, sha256))) return true;
    return false;
  }

  async #forgetExpired(): Promise<StorageReport['expired']> {
    const expired = { uploads: 0, reports: 0, exports: 0, copies: 0 };
    for (const { id } of await this.#organizations.listOrganizations()) {
      await this.#database.asOrganization(id, async (tx) => {
        expired.uploads += await deleteOldUploads(tx, UPLOAD_DAYS);
        expired.reports += await deleteOldReports(tx, REPORT_DAYS);
        expired.exports += await deleteOldExports(tx);
      });
      const unused = await this.#database.asOrganization(id, (tx) => listUnusedCopies(tx, COPY_DAYS));
      for (const copy of unused) {
        // The file first: a copy that is asked for again is made again.
        await this.#files.removeRendition(copy.sha256, copy.name);
        await this.#database.asOrganization(id, (tx) => forgetCopy(tx, copy));
        expired.copies += 1;
      }
    }
    return expired;
  }
}
