import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isVitrineError, VitrineError } from '../../errors.js';
import { Outbound, type OutboundAnswer, type OutboundProxies } from '../../platform/http/outbound.js';
import { isBusy, OutboundError } from '../../platform/http/outbound-error.js';
import { tryAgain } from '../../platform/http/try-again.js';
import { findByteSize, sha256OfFile } from './model-file.js';

export interface DownloadSource extends OutboundProxies {
  /** Base address; files lie at `/<repository>/resolve/<revision>/<path>`. */
  url: string;
  /** Attempts per file before giving up, counted anew when one has brought {@link PROGRESS_BYTES}; 4 unless told. */
  attempts?: number;
  /** Pause before the second attempt, doubled before each further one; 1,000 unless told. */
  retryDelayMs?: number;
  /** Longest silence of the server; 30,000 unless told. */
  silenceMs?: number;
  /** Bytes a second, over a silence's length, below which a transfer is broken off and gone on with; 0: none. 2,000 unless told. */
  lowestRate?: number;
}

export interface WantedFile {
  repository: string;
  revision: string;
  path: string;
  /** What is published about it; null: unknown. */
  byteSize: number | null;
  sha256: string | null;
}

export interface DownloadedFile {
  byteSize: number;
  sha256: string;
  /** The commit that the server answered from, where it says so. */
  commit: string | null;
}

export interface DownloadWatch {
  onProgress?(doneBytes: number, totalBytes: number | null): void;
  /** Ends the transfer with its reason; what has arrived is kept where a checksum is known to go on by. */
  signal?: AbortSignal;
}

const MAX_REDIRECTS = 5;
/** A model file is never larger; a server that sends more is not sending a model. */
const MAX_FILE_BYTES = 64 * 1024 ** 3;
const PROGRESS_BYTES = 1024 ** 2;
const STALE_PART = 416;
/** How hosts that a hub redirects to say that the signature in the address has run out. */
const EXPIRED = new Set([400, 401, 403, 410]);

/** A failure that another attempt may get over. */
class Interrupted extends Error {}

/** What arrived is not the file. */
class WrongContent extends Error {}

/**
 * Fetches files over HTTP into a folder: streamed, resumed after a break, checked, and moved into place only when whole. A hub redirects to
 * other hosts, by addresses that run out and with ETags of their own: every attempt begins at the hub, and the checksum alone tells
 * whether two parts belong together.
 */
export class ModelDownloader {
  readonly #source: DownloadSource;
  readonly #outbound: Outbound;

  constructor(source: DownloadSource) {
    this.#source = source;
    const { silenceMs = 30_000, lowestRate: bytesPerSecond = 2_000, httpProxy, httpsProxy, noProxy } = source;
    const proxies = { ...(httpProxy && { httpProxy }), ...(httpsProxy && { httpsProxy }), ...(noProxy && { noProxy }) };
    const lowestRate = { bytesPerSecond, overMs: silenceMs };
    this.#outbound = new Outbound({ proxies, silenceMs, lowestRate, maxRedirects: MAX_REDIRECTS });
  }

  /**
   * Fetches one file to `target`; a part left by an earlier run is continued.
   * @throws VitrineError MODEL_DOWNLOAD_FAILED (offline, refused, cut off), MODEL_CHECKSUM_MISMATCH, STORAGE_FULL; the signal's reason
   */
  async fetch(file: WantedFile, target: string, watch: DownloadWatch = {}): Promise<DownloadedFile> {
    const { attempts = 4, retryDelayMs: delayMs = 1_000 } = this.#source;
    const part = `${target}.part`;
    await mkdir(path.dirname(target), { recursive: true });
    let startedOver = false;
    let arrived = 0;
    const attempt = async (): Promise<DownloadedFile> => {
      const before = (await findByteSize(part)) ?? 0;
      try {
        return await this.#attempt(file, target, watch);
      } catch (error) {
        arrived = ((await findByteSize(part)) ?? 0) - before;
        if (!(error instanceof WrongContent)) throw error;
        await rm(part, { force: true });
        // Parts of two files do not make one: once more, from its beginning.
        if (before === 0 || startedOver) throw mismatch(file, target, error.message);
        startedOver = true;
        return attempt();
      }
    };
    const { signal } = watch;
    return tryAgain(attempt, {
      ...{ attempts, delayMs, ...(signal && { signal }) },
      mayPass: (error) =>
        error instanceof Interrupted || (error instanceof OutboundError && (error.mayPass || error.reason === 'UNKNOWN_HOST')),
      gotOn: () => arrived >= PROGRESS_BYTES,
    }).catch(async (error: unknown) => {
      signal?.throwIfAborted();
      if (isVitrineError(error)) throw error;
      throw storageError(error, target) ?? (await this.#failure(file, target, error as Error));
    });
  }

  async close(): Promise<void> {
    await this.#outbound.close();
  }

  async #attempt(file: WantedFile, target: string, { onProgress = () => undefined, signal }: DownloadWatch): Promise<DownloadedFile> {
    const part = `${target}.part`;
    const have = (await findByteSize(part)) ?? 0;
    if (file.byteSize !== null && have > file.byteSize) throw new WrongContent(`${have} bytes arrived, expected ${file.byteSize}`);
    if (file.sha256 !== null && have === file.byteSize) return this.#finish(target, file.sha256, null);
    const wanted = { ...(have > 0 && { headers: { range: `bytes=${have}-` } }), ...(signal && { signal }) };
    const answer = await this.#outbound.send(new URL(this.#address(file)), wanted);
    try {
      if (answer.status === STALE_PART) throw new WrongContent(`the server has no more than ${have} bytes`);
      if (answer.status !== 200 && answer.status !== 206) throw refusal(this.#address(file), answer);
      const { commit, statedSha256 } = factsOf(answer);
      const expected = file.sha256 ?? statedSha256;
      const from = answer.status === 206 ? startOf(answer) : 0;
      if (from !== 0 && from !== have) throw new Interrupted(`${answer.url.host} went on at another place than asked`);
      // Of a file that nobody vouches for nothing tells whether its parts belong together.
      if (from !== 0 && expected === null) throw new WrongContent('no checksum is known of it');
      const rest = Number(answer.headers['content-length'] ?? Number.NaN);
      const total = Number.isFinite(rest) ? from + rest : file.byteSize;
      if (total !== null && (total > MAX_FILE_BYTES || (file.byteSize !== null && total !== file.byteSize)))
        throw new WrongContent(`${answer.url.host} offers ${total} bytes, expected ${file.byteSize ?? `at most ${MAX_FILE_BYTES}`}`);
      await this.#receive(answer, { part, from, total }, onProgress).catch(async (error: unknown) => {
        if (expected === null) await rm(part, { force: true });
        throw error;
      });
      return await this.#finish(target, expected, commit);
    } finally {
      answer.body.destroy();
    }
  }

  async #receive(
    answer: OutboundAnswer,
    { part, from, total }: { part: string; from: number; total: number | null },
    onProgress: (doneBytes: number, totalBytes: number | null) => void,
  ): Promise<void> {
    let done = from;
    const most = total ?? MAX_FILE_BYTES;
    const counted = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        done += chunk.length;
        if (done > most) throw new Interrupted(`${answer.url.host} sent more than it announced`);
        onProgress(done, total);
        yield chunk;
      }
    };
    onProgress(done, total);
    await pipeline(answer.body, counted, createWriteStream(part, { flags: from > 0 ? 'a' : 'w', flush: true }));
    if (total !== null && done < total) throw new Interrupted(`${answer.url.host} broke off after ${done} of ${total} bytes`);
  }

  /** Moves a part that is whole into place. @throws WrongContent */
  async #finish(target: string, expected: string | null, commit: string | null): Promise<DownloadedFile> {
    const part = `${target}.part`;
    const byteSize = (await findByteSize(part)) ?? 0;
    const sha256 = await sha256OfFile(part);
    if (expected !== null && sha256 !== expected)
      throw new WrongContent(`${byteSize} bytes with sha256 ${sha256} arrived, expected sha256 ${expected}`);
    await rename(part, target);
    return { byteSize, sha256, commit };
  }

  #address({ repository, revision, path: file }: WantedFile): string {
    return `${this.#source.url}/${repository}/resolve/${revision}/${file.split('/').map(encodeURIComponent).join('/')}`;
  }

  async #failure(file: WantedFile, target: string, cause: Error): Promise<VitrineError> {
    const kept = (await findByteSize(`${target}.part`)) ?? 0;
    const again = kept > 0 ? ` ${kept} bytes are kept; the same command goes on from there.` : '';
    return new VitrineError(
      'MODEL_DOWNLOAD_FAILED',
      `${this.#address(file)} cannot be fetched: ${cause.message}.${again} Behind a proxy set HTTPS_PROXY, for a mirror VITRINE_MODEL_SOURCE. ` +
        'Without a network: fetch the folder on another machine, copy it here and run `vitrine models add <folder>`.',
      { field: file.path, cause },
    );
  }
}

/** Hugging Face states commit, and the LFS object's SHA-256 as a "linked" ETag, in its own answer, the first one. */
function factsOf({ trail }: OutboundAnswer): { commit: string | null; statedSha256: string | null } {
  const [first] = trail;
  const stated = /^"?([0-9a-f]{64})"?$/.exec(first?.['x-linked-etag'] ?? '')?.[1] ?? null;
  return { commit: first?.['x-repo-commit'] ?? null, statedSha256: stated };
}

function startOf({ url, headers }: OutboundAnswer): number {
  const start = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
  if (start === undefined) throw new Interrupted(`${url.host} sent a part without saying which`);
  return Number(start);
}

/** The second host is named without its address, which holds a signature. */
function refusal(address: string, { url, status, trail }: OutboundAnswer): Error {
  const isRedirected = trail.length > 1;
  const answered = isRedirected ? `${url.host}, where it lies, answered HTTP ${status}` : `HTTP ${status}`;
  if (isBusy(status) || (isRedirected && EXPIRED.has(status))) return new Interrupted(answered);
  const why: Record<number, string> = {
    401: 'it wants a login, or the repository does not exist',
    403: 'access is refused',
    404: 'there is no such file; the repository may have been changed or removed',
  };
  const reason = why[status] ? `, ${why[status]}` : '';
  return new VitrineError('MODEL_DOWNLOAD_FAILED', `${address} cannot be fetched: ${answered}${reason}.`, { value: status });
}

function mismatch(file: WantedFile, target: string, got: string): VitrineError {
  return new VitrineError(
    'MODEL_CHECKSUM_MISMATCH',
    `${path.basename(target)} of ${file.repository} at ${file.revision} is not the published file: ${got}. ` +
      'Nothing of it was kept. Try again; if it stays so, the source was changed or something between you and it changes files.',
    { field: file.path },
  );
}

function storageError(error: unknown, target: string): VitrineError | null {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new VitrineError('STORAGE_FULL', `The disk is full while fetching ${target}. Free some space; the same command then goes on.`, {
      cause: error,
    });
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return new VitrineError('STORAGE_UNAVAILABLE', `${target} cannot be written (${message}).`, { cause: error });
  return null;
}
