import { createHash, randomBytes } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { readFileName } from '../../platform/files/file-name.js';
import type { FileStore, PutOptions, StoredFile } from '../../platform/files/file-store.js';
import type { FileKeeper } from '../storage/file-keeper.js';
import {
  deleteExpiredUploads,
  deleteStagedUpload,
  findStagedUploadByToken,
  findStagedUploads,
  insertStagedUpload,
  markReceived,
  type StagedUploadRow,
} from './staged-upload.queries.js';

export const UPLOAD_LIFETIME_SECONDS = 24 * 3600;
const MAX_PER_CALL = 100;

export interface StagedUploadRequest {
  fileName: string;
  byteSize: number;
  sha256?: string | null;
}

/** A place for one file: its bytes are PUT to /uploads/<token>, or sent to /uploads/tus/<token> by the tus protocol. The token is the permission, and is kept only as a hash. */
export interface StagedUpload {
  id: string;
  token: string;
  fileName: string;
  expiresAt: Date;
}

export class StagedUploadService {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #keeper: FileKeeper;
  readonly #maxByteSize: number;

  constructor(database: Database, files: FileStore, keeper: FileKeeper, maxByteSize: number) {
    this.#database = database;
    this.#files = files;
    this.#keeper = keeper;
    this.#maxByteSize = maxByteSize;
  }

  /** @param field name of the list in errors */
  async create(viewer: Viewer, requests: readonly StagedUploadRequest[], field = 'input.files'): Promise<StagedUpload[]> {
    requireRole(viewer, 'EDITOR');
    if (requests.length < 1 || requests.length > MAX_PER_CALL)
      throw badInput(field, requests.length, `1 to ${MAX_PER_CALL} files in one call`);
    for (const [index, request] of requests.entries()) this.#check(request, `${field}[${index}]`);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const uploads: StagedUpload[] = [];
      for (const request of requests) {
        // The organisation stands in front, so that the token alone finds its row behind row-level security.
        const token = `${viewer.organizationId.replaceAll('-', '')}${randomBytes(24).toString('base64url')}`;
        const row = await insertStagedUpload(tx, {
          tokenSha256: hash(token),
          fileName: readFileName(request.fileName),
          byteSize: request.byteSize,
          sha256: request.sha256?.toLowerCase() ?? null,
          lifetimeSeconds: UPLOAD_LIFETIME_SECONDS,
        });
        uploads.push({ id: row.id, token, fileName: row.file_name, expiresAt: row.expires_at });
      }
      return uploads;
    });
  }

  #check(request: StagedUploadRequest, at: string): void {
    const { fileName, byteSize, sha256 } = request;
    if (
      fileName.length < 1 ||
      fileName.length > 255 ||
      !fileName.isWellFormed() ||
      /[/\\\u0000-\u001f\u007f]/.test(fileName) ||
      fileName === '.' ||
      fileName === '..'
    ) {
      throw badInput(`${at}.fileName`, fileName, 'a file name of 1 to 255 characters without slashes and control characters');
    }
    if (!Number.isInteger(byteSize) || byteSize < 1 || byteSize > this.#maxByteSize) {
      throw badInput(`${at}.byteSize`, byteSize, `a whole number of bytes from 1 to ${this.#maxByteSize}`);
    }
    if (sha256 != null && !/^[0-9a-f]{64}$/i.test(sha256)) throw badInput(`${at}.sha256`, sha256, '64 hexadecimal digits');
  }

  /**
   * The upload that a token stands for.
   * @throws VitrineError NOT_FOUND (unknown or expired)
   */
  async get(token: string): Promise<StagedUploadRow> {
    const organizationId = organizationOf(token);
    const upload =
      organizationId && (await this.#database.asOrganization(organizationId, (tx) => findStagedUploadByToken(tx, hash(token))));
    if (upload && !upload.expired) return upload;
    throw new VitrineError('NOT_FOUND', 'This upload address is unknown or has expired. Ask for a new one (stagedUploadCreate).');
  }

  /**
   * Takes the bytes of a staged upload.
   * @throws VitrineError NOT_FOUND (unknown or expired token), CONFLICT (arrived already), FILE_TOO_LARGE, FILE_EMPTY, FILE_CHECKSUM_MISMATCH, STORAGE_*
   */
  async receive(token: string, content: Readable): Promise<{ sha256: string; byteSize: number }> {
    const upload = await this.#getOpen(token);
    // A pipe in between: when the file is refused, the store destroys what it reads from, and the answer must still get out.
    const piped = new PassThrough();
    content.pipe(piped);
    content.once('close', () => {
      if (!content.readableEnded) piped.destroy(new Error('the sender hung up'));
    });
    return this.settle(organizationOf(token) as string, upload, await this.#files.put(piped, expectedOf(upload)));
  }

  /** The same for bytes that lie in a file on this machine, which may be gone afterwards. */
  async receiveFile(token: string, path: string): Promise<{ sha256: string; byteSize: number }> {
    const upload = await this.#getOpen(token);
    return this.settle(organizationOf(token) as string, upload, await this.#files.putFile(path, expectedOf(upload)));
  }

  async #getOpen(token: string): Promise<StagedUploadRow> {
    const upload = await this.get(token);
    if (upload.sha256 !== null) throw arrived();
    return upload;
  }

  /** Notes that the bytes of an upload are in the file store. @throws VitrineError BAD_USER_INPUT (fewer than announced), CONFLICT (arrived already) */
  async settle(
    organizationId: string,
    upload: StagedUploadRow,
    { sha256, byteSize, created }: StoredFile,
  ): Promise<{ sha256: string; byteSize: number }> {
    if (byteSize !== upload.declared_byte_size) {
      throw badInput(
        'byteSize',
        byteSize,
        `the ${upload.declared_byte_size} bytes that were announced`,
        `The upload has ${byteSize} bytes, but ${upload.declared_byte_size} were announced. Send the whole file.`,
      );
    }
    if (!created && !(await this.#keeper.keep(sha256)))
      throw new VitrineError('STORAGE_UNAVAILABLE', 'The file was removed from storage a moment ago. Send it again.');
    if (!(await this.#database.asOrganization(organizationId, (tx) => markReceived(tx, upload.id, sha256)))) throw arrived();
    return { sha256, byteSize };
  }

  /** Gives an upload up: its address stops working. What has arrived whole stays. @throws VitrineError NOT_FOUND, CONFLICT (arrived already) */
  async discard(token: string): Promise<void> {
    const { id } = await this.#getOpen(token);
    await this.#database.asOrganization(organizationOf(token) as string, (tx) => deleteStagedUpload(tx, id));
  }

  /** Forgets uploads that have expired and whose bytes never arrived. @returns how many */
  sweep(organizationId: string): Promise<number> {
    return this.#database.asOrganization(organizationId, deleteExpiredUploads);
  }

  /** @throws VitrineError NOT_FOUND naming the field, for uploads that have expired too */
  async getById(viewer: Viewer, id: string, field: string): Promise<StagedUploadRow> {
    requireRole(viewer, 'EDITOR');
    const [row] = await this.#database.asOrganization(viewer.organizationId, (tx) => findStagedUploads(tx, [id]));
    if (row !== undefined && !row.expired) return row;
    throw new VitrineError('NOT_FOUND', `${field}: there is no such staged upload, or it has expired.`, { field });
  }

  /** Uploads by id; @throws VitrineError NOT_FOUND or BAD_USER_INPUT naming the field of the first that is unknown or has no bytes yet */
  async requireReceived(viewer: Viewer, ids: readonly string[], fieldOf: (index: number) => string): Promise<StagedUploadRow[]> {
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => findStagedUploads(tx, ids));
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id, index) => {
      const row = byId.get(id);
      if (row === undefined)
        throw new VitrineError('NOT_FOUND', `${fieldOf(index)}: there is no such staged upload.`, { field: fieldOf(index) });
      if (row.sha256 === null) {
        throw new VitrineError(
          'BAD_USER_INPUT',
          `${fieldOf(index)}: the bytes of "${row.file_name}" have not arrived. PUT them to its URL first.`,
          { field: fieldOf(index) },
        );
      }
      return row;
    });
  }
}

const arrived = () => new VitrineError('CONFLICT', 'This upload has its file already. Ask for a new address to send another.');

/** What the bytes of an upload must be. */
export function expectedOf({ declared_byte_size: maxByteSize, declared_sha256: expectedSha256 }: StagedUploadRow): PutOptions {
  return { maxByteSize, ...(expectedSha256 !== null && { expectedSha256 }) };
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function organizationOf(token: string): string | null {
  const match = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})[\w-]{32}$/.exec(token);
  return match === null ? null : match.slice(1).join('-');
}
