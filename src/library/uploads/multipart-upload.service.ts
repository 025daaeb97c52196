import type { Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import { badInput, isVitrineError, VitrineError } from '../../errors.js';
import type { DirectUploads } from '../../platform/files/file-store.js';
import {
  announceParts,
  changeMultipartId,
  deleteStagedUpload,
  findStagedUploads,
  forgetParts,
  listExpiredMultiparts,
  type StagedUploadRow,
} from './staged-upload.queries.js';
import { expectedOf, type StagedUploadService } from './staged-upload.service.js';

const MEBIBYTE = 1024 * 1024;
/** S3 wants 5 MiB to 5 GiB, of the last part any size, and at most 10,000 parts. */
const PART_BYTE_SIZE = 16 * MEBIBYTE;
const MAX_PARTS = 10_000;
const ADDRESSES_PER_CALL = 1000;
const ADDRESS_LIFETIME_SECONDS = 3600;

export interface PartAddresses {
  partByteSize: number;
  partCount: number;
  received: number[];
  parts: { partNumber: number; byteSize: number; url: string }[];
  expiresAt: Date;
}

/** Staged uploads that clients send in parts straight to the bucket, by presigned addresses. */
export class MultipartUploadService {
  readonly #database: Database;
  readonly #uploads: StagedUploadService;
  readonly #direct: DirectUploads | null;
  /** Completions under way: who asks again joins. */
  readonly #completing = new Map<string, Promise<void>>();

  constructor(database: Database, uploads: StagedUploadService, direct: DirectUploads | null) {
    this.#database = database;
    this.#uploads = uploads;
    this.#direct = direct;
  }

  /** Whether this server's files are in a bucket that clients reach. */
  get offered(): boolean {
    return this.#direct !== null;
  }

  /**
   * Addresses for parts: those named, or the first thousand that have not arrived. Begins the upload at the bucket the first time.
   * @throws VitrineError NOT_FOUND, CONFLICT (arrived already), MULTIPART_UNAVAILABLE, BAD_USER_INPUT
   */
  async createParts(viewer: Viewer, uploadId: string, partNumbers: readonly number[] | null): Promise<PartAddresses> {
    const row = await this.#getOpen(viewer, uploadId);
    const direct = this.#required();
    const { organizationId } = viewer;
    const total = row.declared_byte_size;
    // Kept with the upload, since parts that have arrived must fit those to come.
    const partByteSize = await this.#database.asOrganization(organizationId, (tx) => announceParts(tx, row.id, partByteSizeFor(total)));
    const partCount = Math.ceil(total / partByteSize);
    const wanted = readPartNumbers(partNumbers, partCount);
    const id = row.multipart_id ?? (await this.#begin(direct, organizationId, row));
    const found = await direct.listParts(row.id, id);
    // The bucket's own clean-up was quicker: it begins anew.
    if (found === null) {
      await this.#database.asOrganization(organizationId, (tx) => changeMultipartId(tx, row.id, id, null));
      return this.createParts(viewer, uploadId, partNumbers);
    }
    const sizeOf = (partNumber: number) => byteSizeOf(partNumber, partByteSize, total);
    const received = found.filter(({ partNumber, byteSize }) => byteSize === sizeOf(partNumber)).map(({ partNumber }) => partNumber);
    const arrived = new Set(received);
    const chosen =
      wanted ??
      numbersTo(partCount)
        .filter((partNumber) => !arrived.has(partNumber))
        .slice(0, ADDRESSES_PER_CALL);
    const leftSeconds = Math.max(1, Math.floor((row.expires_at.getTime() - Date.now()) / 1000));
    const lifetimeSeconds = Math.min(ADDRESS_LIFETIME_SECONDS, leftSeconds);
    const parts = await Promise.all(
      chosen.map(async (partNumber) => {
        const byteSize = sizeOf(partNumber);
        return { partNumber, byteSize, url: await direct.partUrl(row.id, id, { partNumber, byteSize }, lifetimeSeconds) };
      }),
    );
    return { partByteSize, partCount, received, parts, expiresAt: new Date(Date.now() + lifetimeSeconds * 1000) };
  }

  /**
   * Puts the parts together, checks the bytes and takes them into the file store. Harmless to repeat.
   * @throws VitrineError NOT_FOUND, MULTIPART_UNAVAILABLE, MULTIPART_INCOMPLETE naming missing parts, FILE_CHECKSUM_MISMATCH, STORAGE_*
   */
  async complete(viewer: Viewer, uploadId: string): Promise<StagedUploadRow> {
    const row = await this.#uploads.getById(viewer, uploadId, 'input.upload');
    if (row.sha256 !== null) return row;
    const direct = this.#required();
    const running =
      this.#completing.get(row.id) ?? this.#complete(direct, viewer.organizationId, row).finally(() => this.#completing.delete(row.id));
    this.#completing.set(row.id, running);
    await running;
    return this.#uploads.getById(viewer, uploadId, 'input.upload');
  }

  /** Gives an upload up, with whatever has arrived of it. @throws VitrineError NOT_FOUND, CONFLICT (arrived already) */
  async discard(viewer: Viewer, uploadId: string): Promise<void> {
    const row = await this.#getOpen(viewer, uploadId);
    if (row.part_byte_size !== null) await this.#direct?.discard(row.id);
    await this.#database.asOrganization(viewer.organizationId, (tx) => deleteStagedUpload(tx, row.id));
  }

  /** Removes from the bucket what expired uploads left there. @returns how many uploads */
  async sweep(organizationId: string): Promise<number> {
    const expired = await this.#database.asOrganization(organizationId, listExpiredMultiparts);
    for (const { id, sha256 } of expired) {
      await this.#direct?.discard(id);
      await this.#database.asOrganization(organizationId, (tx) => (sha256 === null ? deleteStagedUpload(tx, id) : forgetParts(tx, id)));
    }
    return expired.length;
  }

  async #getOpen(viewer: Viewer, uploadId: string): Promise<StagedUploadRow> {
    const row = await this.#uploads.getById(viewer, uploadId, 'input.upload');
    if (row.sha256 === null) return row;
    throw new VitrineError('CONFLICT', 'input.upload: this upload has its file already.', { field: 'input.upload' });
  }

  #required(): DirectUploads {
    if (this.#direct !== null) return this.#direct;
    const message =
      'This server takes no uploads in parts: it has no bucket that clients reach. Send to `url` or, to be able to go on later, to `resumableUrl`.';
    throw new VitrineError('MULTIPART_UNAVAILABLE', message, { field: 'input.upload' });
  }

  async #begin(direct: DirectUploads, organizationId: string, row: StagedUploadRow): Promise<string> {
    const id = await direct.begin(row.id);
    if (await this.#database.asOrganization(organizationId, (tx) => changeMultipartId(tx, row.id, null, id))) return id;
    // Somebody else began at the same moment; ours is found and removed with the rest.
    const [now] = await this.#database.asOrganization(organizationId, (tx) => findStagedUploads(tx, [row.id]));
    if (now?.multipart_id != null) return now.multipart_id;
    throw new VitrineError('CONFLICT', 'input.upload: this upload has changed meanwhile. Ask again.', { field: 'input.upload' });
  }

  async #complete(direct: DirectUploads, organizationId: string, row: StagedUploadRow): Promise<void> {
    // Put together already, by a process that died before it took the file.
    if ((await direct.findByteSize(row.id)) === null) await this.#join(direct, row);
    const stored = await direct.take(row.id, expectedOf(row)).catch(async (error: unknown) => {
      // Other bytes than announced: the sender begins again.
      if (isVitrineError(error, 'FILE_CHECKSUM_MISMATCH') || isVitrineError(error, 'FILE_TOO_LARGE')) {
        await direct.discard(row.id);
        await this.#database.asOrganization(organizationId, (tx) => changeMultipartId(tx, row.id, row.multipart_id, null));
      }
      throw error;
    });
    await this.#uploads.settle(organizationId, row, stored);
    await direct.discard(row.id);
    await this.#database.asOrganization(organizationId, (tx) => forgetParts(tx, row.id));
  }

  async #join(direct: DirectUploads, { id, multipart_id, part_byte_size, declared_byte_size }: StagedUploadRow): Promise<void> {
    const parts = multipart_id === null ? null : await direct.listParts(id, multipart_id);
    if (parts === null || part_byte_size === null)
      throw new VitrineError('MULTIPART_INCOMPLETE', 'input.upload: no part has arrived. Ask for addresses with stagedUploadPartsCreate.', {
        field: 'input.upload',
      });
    const partCount = Math.ceil(declared_byte_size / part_byte_size);
    const whole = new Set(
      parts
        .filter(({ partNumber, byteSize }) => byteSize === byteSizeOf(partNumber, part_byte_size, declared_byte_size))
        .map(({ partNumber }) => partNumber),
    );
    const missing = numbersTo(partCount).filter((partNumber) => !whole.has(partNumber));
    if (missing.length > 0) {
      const named = `${missing.slice(0, 20).join(', ')}${missing.length > 20 ? ` and ${missing.length - 20} more` : ''}`;
      const message = `input.upload: of ${partCount} parts ${missing.length} have not arrived whole: ${named}. Send them, then complete again.`;
      throw new VitrineError('MULTIPART_INCOMPLETE', message, { field: 'input.upload', value: missing.length });
    }
    await direct.complete(
      id,
      multipart_id as string,
      parts.filter(({ partNumber }) => partNumber <= partCount),
    );
  }
}

function partByteSizeFor(byteSize: number): number {
  return Math.max(PART_BYTE_SIZE, Math.ceil(byteSize / MAX_PARTS / MEBIBYTE) * MEBIBYTE);
}

/** All parts have the same size, but for the last. */
function byteSizeOf(partNumber: number, partByteSize: number, total: number): number {
  return Math.min(partByteSize, total - partByteSize * (partNumber - 1));
}

function readPartNumbers(given: readonly number[] | null, partCount: number): number[] | null {
  if (given === null) return null;
  const field = 'input.partNumbers';
  if (given.length < 1 || given.length > ADDRESSES_PER_CALL) throw badInput(field, given.length, `1 to ${ADDRESSES_PER_CALL} numbers`);
  for (const [index, number] of given.entries())
    if (number < 1 || number > partCount) throw badInput(`${field}[${index}]`, number, `1 to ${partCount}`);
  return [...new Set(given)];
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
