import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { FileStore } from '@tus/file-store';
import { Server, type ServerOptions, Upload } from '@tus/server';
import { isVitrineError, VitrineError } from '../../errors.js';
import { assertFreeSpace } from '../../platform/files/temporary-file.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import type { Caller, FindCaller } from '../../platform/http/caller.js';
import { httpStatusOf, toPublicError } from '../../platform/http/public-error.js';
import { READABLE_HEADERS } from '../../platform/http/web-origins.js';
import type { Logger } from '../../log.js';
import { type StagedUploadService, UPLOAD_LIFETIME_SECONDS } from './staged-upload.service.js';

export interface ResumableUploadsOptions {
  /** On this machine; bytes of uploads that are not complete lie here. */
  folder: string;
  maxByteSize: number;
  minimumFreeByteSize: number;
  baseUrl: () => string;
  findCaller: FindCaller;
  log: Logger;
}

/** Where the protocol is spoken; an upload is at this path and its token. */
export const RESUMABLE_PATH = '/uploads/tus';

const SWEEP_INTERVAL_MS = 3600_000;

/** Response header with the id to name in `assetImportCreate`. */
const ID_HEADER = 'Vitrine-Upload-Id';

type TusRequest = Parameters<NonNullable<ServerOptions['onResponseError']>>[0];

/**
 * Staged uploads by the tus protocol (tus.io, 1.0.0): interrupted, they go on where they were, after a restart of the server too. What has
 * arrived lies in a file named by the token's hash, whose length is the offset. The token in the address is the permission; POST, which
 * makes an upload, needs an API key of the role EDITOR, or a session of one.
 */
export class ResumableUploads {
  readonly #uploads: StagedUploadService;
  readonly #options: ResumableUploadsOptions;
  readonly #server: Server;

  constructor(uploads: StagedUploadService, options: ResumableUploadsOptions) {
    this.#uploads = uploads;
    this.#options = options;
    const store = new PartialUploads(uploads, options);
    this.#server = new Server({
      path: RESUMABLE_PATH,
      datastore: store,
      locker: undefined as never, // the library's own, in memory
      maxSize: options.maxByteSize,
      // Which origins may send and read is said before a request comes here, as for /graphql.
      allowedOrigins: () => false,
      exposedHeaders: READABLE_HEADERS,
      disableTerminationForFinishedUploads: true,
      namingFunction: (request, metadata) => this.#create(request, metadata),
      generateUrl: (_request, { id }) => `${options.baseUrl()}${RESUMABLE_PATH}/${id}`,
      onIncomingRequest: async (request, token) => {
        const { id } = await uploads.get(token);
        responseOf(request)?.setHeader(ID_HEADER, toGlobalId('StagedUpload', id));
      },
      onUploadFinish: async (_request, { id: token }) => {
        await store.finish(token);
        return {};
      },
      onResponseError: (request, error) => this.#answerOf(request, error),
    });
  }

  /** Speaks the protocol on a request below {@link RESUMABLE_PATH}. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#server.handle(request, response) as Promise<void>;
  }

  /** Sweeps now and every hour: what has arrived lies on the machine that took it, where perhaps no worker is. @returns what ends that */
  sweepRegularly(): () => Promise<void> {
    const sweep = () => this.sweep().catch((error: unknown) => this.#options.log.error({ err: error }, 'uploads could not be swept'));
    void sweep();
    const timer = setInterval(sweep, SWEEP_INTERVAL_MS).unref();
    return async () => clearInterval(timer);
  }

  /** Removes what nobody has sent anything to for longer than an upload lives. @returns how many files */
  async sweep(): Promise<number> {
    const { folder } = this.#options;
    let removed = 0;
    for (const name of await readdir(folder).catch(() => [])) {
      const file = path.join(folder, name);
      const found = await stat(file).catch(() => null);
      if (found === null || Date.now() - found.mtimeMs < UPLOAD_LIFETIME_SECONDS * 1000) continue;
      await rm(file, { force: true });
      removed += 1;
    }
    return removed;
  }

  /** POST: a staged upload as `stagedUploadCreate` makes it, of what Upload-Length and Upload-Metadata (filename, sha256) say. */
  async #create(request: TusRequest, metadata: Record<string, string | null> = {}): Promise<string> {
    const caller = await this.#findCaller(request);
    const asked = {
      fileName: metadata.filename ?? metadata.name ?? '',
      byteSize: Number(request.headers.get('upload-length')),
      sha256: metadata.sha256 ?? null,
    };
    const [upload] = await this.#uploads.create(caller.viewer, [asked], 'Upload-Metadata');
    return (upload as { token: string }).token;
  }

  async #findCaller(request: TusRequest): Promise<Caller> {
    try {
      const caller = await this.#options.findCaller({ method: request.method, headers: Object.fromEntries(request.headers) });
      if (caller !== null) return caller;
      const message = 'Making an upload by POST needs an API key of the role EDITOR; stagedUploadCreate gives addresses that need none.';
      throw new VitrineError('UNAUTHENTICATED', message);
    } catch (error) {
      if (isVitrineError(error, 'UNAUTHENTICATED')) responseOf(request)?.setHeader('WWW-Authenticate', 'Bearer');
      throw error;
    }
  }

  #answerOf(request: TusRequest, error: Error | { status_code: number; body: string }) {
    // The protocol's own refusals: a wrong offset, a missing header.
    if (!(error instanceof Error)) return undefined;
    if (!isVitrineError(error) && 'status_code' in error) return undefined;
    const response = responseOf(request);
    const { code, ...rest } = toPublicError(error, String(response?.getHeader('x-request-id') ?? ''), this.#options.log);
    return { status_code: httpStatusOf(code), body: `${JSON.stringify({ error: { code, ...rest } })}\n` };
  }
}

/** Bytes of uploads under way, for the tus server, which knows uploads by their tokens. */
class PartialUploads extends FileStore {
  readonly #uploads: StagedUploadService;
  readonly #options: ResumableUploadsOptions;
  readonly #finishing = new Map<string, Promise<void>>();

  constructor(uploads: StagedUploadService, options: ResumableUploadsOptions) {
    const expirationPeriodInMilliseconds = UPLOAD_LIFETIME_SECONDS * 1000;
    // The library keeps descriptions in files of its own; ours are rows.
    super({
      directory: options.folder,
      configstore: { get: async () => undefined, set: async () => {}, delete: async () => {} },
      expirationPeriodInMilliseconds,
    });
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];
    this.#uploads = uploads;
    this.#options = options;
  }

  /** Its row is there already. */
  override async create(upload: Upload): Promise<Upload> {
    return upload;
  }

  override async getUpload(token: string): Promise<Upload> {
    const row = await this.#uploads.get(token);
    const size = row.declared_byte_size;
    const offset = row.sha256 === null ? await this.#byteSize(token) : size;
    // A server that died, or a full disk, between the last byte and the storing of the file.
    if (row.sha256 === null && offset === size) await this.finish(token);
    const createdAtMs = row.expires_at.getTime() - this.expirationPeriodInMilliseconds;
    return new Upload({
      id: token,
      size,
      offset,
      metadata: { filename: row.file_name },
      creation_date: new Date(createdAtMs).toISOString(),
    });
  }

  override async write(content: Readable, token: string, offset: number): Promise<number> {
    if (offset > 0 && (await this.#byteSize(token)) === 0) {
      // Stored already: nothing can follow, and the library sees to that.
      content.resume();
      await finished(content);
      return offset;
    }
    await mkdir(this.directory, { recursive: true });
    await assertFreeSpace(this.directory, this.#options.minimumFreeByteSize);
    if (offset === 0) await (await open(this.#pathOf(token), 'a', 0o600)).close();
    return super.write(content, nameOf(token), offset);
  }

  override async remove(token: string): Promise<void> {
    await this.#uploads.discard(token);
    await rm(this.#pathOf(token), { force: true });
  }

  /** Puts a whole upload into the file store; harmless to repeat. @throws VitrineError as {@link StagedUploadService.receiveFile} */
  finish(token: string): Promise<void> {
    const running = this.#finishing.get(token) ?? this.#finish(token).finally(() => this.#finishing.delete(token));
    this.#finishing.set(token, running);
    return running;
  }

  async #finish(token: string): Promise<void> {
    try {
      await this.#uploads.receiveFile(token, this.#pathOf(token));
    } catch (error) {
      // Other bytes than announced: the sender begins again. Anything else may pass, and what has arrived stays.
      if (isVitrineError(error, 'FILE_CHECKSUM_MISMATCH')) await rm(this.#pathOf(token), { force: true });
      if (!isVitrineError(error, 'CONFLICT')) throw error;
    }
    await rm(this.#pathOf(token), { force: true });
  }

  async #byteSize(token: string): Promise<number> {
    return (await stat(this.#pathOf(token)).catch(() => null))?.size ?? 0;
  }

  #pathOf(token: string): string {
    return path.join(this.directory, nameOf(token));
  }
}

function nameOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function responseOf(request: TusRequest): ServerResponse | undefined {
  return request.runtime?.node?.res as ServerResponse | undefined;
}
