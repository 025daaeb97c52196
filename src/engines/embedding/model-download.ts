import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { isVitrineError, VitrineError } from '../../errors.js';
import { findByteSize, sha256OfFile } from './model-file.js';

export interface DownloadSource {
  /** Base address; files lie at `/<repository>/resolve/<revision>/<path>`. */
  url: string;
  httpProxy?: string;
  httpsProxy?: string;
  noProxy?: string;
  /** Attempts per file before giving up; 4 unless told. */
  attempts?: number;
  /** Pause before the second attempt, doubled before each further one; 1,000 unless told. */
  retryDelayMs?: number;
  /** Longest silence of the server; 30,000 unless told. */
  silenceMs?: number;
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

export type DownloadProgress = (doneBytes: number, totalBytes: number | null) => void;

const MAX_REDIRECTS = 5;
/** A model file is never larger; a server that sends more is not sending a model. */
const MAX_FILE_BYTES = 64 * 1024 ** 3;
const RETRYABLE_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const STALE_PART = 416;

/** What a server says about a file before its bytes. Hugging Face states the LFS object's SHA-256 and size as "linked" ones. */
interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Dispatcher.ResponseData['body'];
  etag: string | null;
  commit: string | null;
  statedSha256: string | null;
}

/** A failure that another attempt may get over; what has arrived is kept. */
class Interrupted extends Error {}

/** Fetches files over HTTP into a folder: streamed, resumed after a break, checked, and moved into place only when whole. */
export class ModelDownloader {
  readonly #source: DownloadSource;
  readonly #agent: EnvHttpProxyAgent;

  constructor(source: DownloadSource) {
    this.#source = source;
    const silenceMs = source.silenceMs ?? 30_000;
    this.#agent = new EnvHttpProxyAgent({
      // Empty strings, so that undici does not read the environment behind the configuration's back.
      httpProxy: source.httpProxy ?? '',
      httpsProxy: source.httpsProxy ?? '',
      noProxy: source.noProxy ?? '',
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
      connect: { timeout: silenceMs },
    });
  }

  /**
   * Fetches one file to `target`; a part left by an earlier run is continued.
   * @throws VitrineError MODEL_DOWNLOAD_FAILED (offline, refused, cut off), MODEL_CHECKSUM_MISMATCH, STORAGE_FULL
   */
  async fetch(file: WantedFile, target: string, onProgress: DownloadProgress = () => undefined): Promise<DownloadedFile> {
    await mkdir(path.dirname(target), { recursive: true });
    const attempts = this.#source.attempts ?? 4;
    let delayMs = this.#source.retryDelayMs ?? 1_000;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(file, target, onProgress);
      } catch (error) {
        if (isVitrineError(error)) throw error;
        const known = storageError(error, target);
        if (known) throw known;
        if (attempt >= attempts) throw await this.#failure(file, target, error as Error);
        await sleep(delayMs);
        delayMs *= 2;
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #attempt(file: WantedFile, target: string, onProgress: DownloadProgress): Promise<DownloadedFile> {
    const part = `${target}.part`;
    const note = `${part}.etag`;
    const have = (await findByteSize(part)) ?? 0;
    const etag = have > 0 ? await readFile(note, 'utf8').catch(() => null) : null;
    const answer = await this.#open(this.#address(file), have > 0 && etag !== null ? { range: `bytes=${have}-`, 'if-range': etag } : {});
    try {
      if (answer.status === STALE_PART) {
        await rm(part, { force: true });
        throw new Interrupted('the part kept from an earlier run does not fit any more');
      }
      if (answer.status !== 200 && answer.status !== 206) throw refusal(answer.status, this.#address(file));
      const from = answer.status === 206 ? startOf(answer.headers['content-range']) : 0;
      if (from !== 0 && from !== have) throw new Interrupted('the server continued at another place than asked');
      const rest = Number(answer.headers['content-length'] ?? Number.NaN);
      const total = Number.isFinite(rest) ? from + rest : file.byteSize;
      if (total !== null && (total > MAX_FILE_BYTES || (file.byteSize !== null && total !== file.byteSize)))
        throw mismatch(file, target, `the server offers ${total} bytes`, `${file.byteSize ?? `at most ${MAX_FILE_BYTES}`} bytes`);
      if (answer.etag) await writeFile(note, answer.etag);
      await this.#receive(answer, part, from, total, onProgress);
    } finally {
      // What is left of it is not wanted; destroying it reports an abortion that is none.
      answer.body.on('error', () => undefined).destroy();
    }
    return this.#finish(file, target, answer);
  }

  async #receive(answer: Answer, part: string, from: number, total: number | null, onProgress: DownloadProgress): Promise<void> {
    let done = from;
    const most = total ?? MAX_FILE_BYTES;
    const counted = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        done += chunk.length;
        if (done > most) throw new Interrupted('the server sent more than it announced');
        onProgress(done, total);
        yield chunk;
      }
    };
    onProgress(done, total);
    await pipeline(answer.body, counted, createWriteStream(part, { flags: from > 0 ? 'a' : 'w', flush: true }));
    if (total !== null && done < total) throw new Interrupted(`the connection ended after ${done} of ${total} bytes`);
  }

  async #finish(file: WantedFile, target: string, answer: Answer): Promise<DownloadedFile> {
    const part = `${target}.part`;
    const byteSize = (await findByteSize(part)) ?? 0;
    const sha256 = await sha256OfFile(part);
    const expected = file.sha256 ?? answer.statedSha256;
    if (expected !== null && sha256 !== expected) {
      await rm(part, { force: true });
      throw mismatch(file, target, `${byteSize} bytes with sha256 ${sha256} arrived`, `sha256 ${expected}`);
    }
    await rename(part, target);
    await rm(`${part}.etag`, { force: true });
    return { byteSize, sha256, commit: answer.commit };
  }

  /** Follows redirects by hand: the first answer names commit and checksum, and a step from https down to http is refused. */
  async #open(address: string, headers: Record<string, string>): Promise<Answer> {
    let url = new URL(address);
    const first: Pick<Answer, 'etag' | 'commit' | 'statedSha256'> = { etag: null, commit: null, statedSha256: null };
    for (let step = 0; step <= MAX_REDIRECTS; step += 1) {
      const { statusCode, headers: got, body } = await request(url, { dispatcher: this.#agent, headers });
      const text = (name: string) => (typeof got[name] === 'string' ? (got[name] as string) : null);
      const linked = text('x-linked-etag') ?? null;
      first.etag ??= linked ?? text('etag');
      first.commit ??= text('x-repo-commit');
      first.statedSha256 ??= /^"?([0-9a-f]{64})"?$/.exec(linked ?? '')?.[1] ?? null;
      const location = text('location');
      if (statusCode < 300 || statusCode >= 400 || location === null) return { status: statusCode, headers: got, body, ...first };
      await body.dump();
      const next = new URL(location, url);
      if (next.protocol !== url.protocol && next.protocol !== 'https:')
        throw new VitrineError(
          'MODEL_DOWNLOAD_FAILED',
          `${url.origin} redirects to the insecure address ${next.origin}; nothing was fetched.`,
        );
      url = next;
    }
    throw new VitrineError('MODEL_DOWNLOAD_FAILED', `${address} redirects more than ${MAX_REDIRECTS} times; nothing was fetched.`);
  }

  #address({ repository, revision, path: file }: WantedFile): string {
    return `${this.#source.url}/${repository}/resolve/${revision}/${file.split('/').map(encodeURIComponent).join('/')}`;
  }

  async #failure(file: WantedFile, target: string, cause: Error): Promise<VitrineError> {
    const kept = (await findByteSize(`${target}.part`)) ?? 0;
    const { code, message } = (cause.cause ?? cause) as NodeJS.ErrnoException;
    const again = kept > 0 ? ` ${kept} bytes are kept; the same command goes on from there.` : '';
    return new VitrineError(
      'MODEL_DOWNLOAD_FAILED',
      `${this.#address(file)} cannot be fetched (${code ?? message}).${again} Behind a proxy set HTTPS_PROXY, for a mirror VITRINE_MODEL_SOURCE. ` +
        'Without a network: fetch the folder on another machine, copy it here and run `vitrine models add <folder>`.',
      { field: file.path, cause },
    );
  }
}

function startOf(contentRange: string | string[] | undefined): number {
  const start = /^bytes (\d+)-/.exec(String(contentRange ?? ''))?.[1];
  if (start === undefined) throw new Interrupted('the server sent a part without saying which');
  return Number(start);
}

function refusal(status: number, address: string): Error {
  if (RETRYABLE_STATUS.has(status)) return new Interrupted(`HTTP ${status}`);
  const why: Record<number, string> = {
    401: 'it wants a login, or the repository does not exist',
    403: 'access is refused',
    404: 'there is no such file; the repository may have been changed or removed',
  };
  return new VitrineError(
    'MODEL_DOWNLOAD_FAILED',
    `${address} cannot be fetched: HTTP ${status}${why[status] ? `, ${why[status]}` : ''}.`,
    {
      value: status,
    },
  );
}

function mismatch(file: WantedFile, target: string, got: string, expected: string): VitrineError {
  return new VitrineError(
    'MODEL_CHECKSUM_MISMATCH',
    `${path.basename(target)} of ${file.repository} at ${file.revision} is not the published file: ${got}, expected ${expected}. ` +
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
