import type { Upload } from 'tus-js-client';
import { ownFile } from '../base';
import { wordsFor } from '../frame/problem';
import { client } from '../graphql/client';
import { ImportRowsDocument, type ImportItemState, StageUploadsDocument, StartImportDocument } from '../graphql/operations';
import { forgetViews } from '../library/asset-pages';
import { m } from '../messages/catalogue';

export type RowState = 'WAITING' | 'SENDING' | 'SENT' | 'BROKEN' | ImportItemState;

export interface UploadRow {
  key: number;
  file: File;
  state: RowState;
  /** Share that is sent. */
  sent: number;
  message: string | null;
  assetId: string | null;
}

const AT_ONCE = 3;
const BATCH = 50;
const POLL_MS = 700;
const OVER = new Set<RowState>(['BROKEN', 'CREATED', 'UPDATED', 'DUPLICATE', 'REJECTED', 'FAILED', 'SKIPPED', 'CANCELLED']);
export const isOver = (row: UploadRow): boolean => OVER.has(row.state);

/**
 * Files on their way in. Lives beside the pages, so that going elsewhere interrupts nothing: files are sent in pieces (tus), each batch is
 * imported when all of it is sent, and the rows follow the import until every one has ended.
 */
class Uploads {
  #rows: readonly UploadRow[] = [];
  #progress: { done: number; total: number } | null = null;
  /** ISO time of the server when the first import of the list began. */
  since: string | null = null;
  #nextKey = 0;
  readonly #listeners = new Set<() => void>();
  readonly #running = new Map<number, Upload>();
  readonly #addresses = new Map<number, { id: string; url: string }>();

  readonly rows = (): readonly UploadRow[] => this.#rows;
  readonly progress = (): { done: number; total: number } | null => this.#progress;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  add(files: readonly File[]): void {
    const rows = files.map((file): UploadRow => {
      const empty = file.size === 0;
      this.#nextKey += 1;
      return {
        key: this.#nextKey,
        file,
        state: empty ? 'REJECTED' : 'WAITING',
        sent: 0,
        message: empty ? m.bringIn.empty : null,
        assetId: null,
      };
    });
    this.#rows = [...this.#rows, ...rows];
    this.#publish();
    const whole = rows.filter(({ state }) => state === 'WAITING').map(({ key }) => key);
    void (async () => {
      for (let from = 0; from < whole.length; from += BATCH) await this.#bringIn(whole.slice(from, from + BATCH));
    })();
  }

  /** Sends what was interrupted from where it stopped. */
  goOn(): void {
    const broken = this.#rows.filter(({ state }) => state === 'BROKEN').map(({ key }) => key);
    this.#change(broken, { state: 'WAITING', message: null });
    void this.#bringIn(broken);
  }

  clear(): void {
    this.#rows = this.#rows.filter((row) => !isOver(row));
    if (this.#rows.length === 0) this.since = null;
    this.#publish();
  }

  async #bringIn(keys: readonly number[]): Promise<void> {
    const staged = await this.#stage(keys.filter((key) => !this.#addresses.has(key)));
    if (!staged) return;
    const queue = keys.filter((key) => this.#addresses.has(key));
    const sender = async () => {
      for (let key = queue.shift(); key !== undefined; key = queue.shift()) await this.#send(key);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    const sent = keys.filter((key) => this.#row(key)?.state === 'SENT');
    if (sent.length > 0) await this.#import(sent);
  }

  async #stage(keys: readonly number[]): Promise<boolean> {
    if (keys.length === 0) return true;
    const files = keys.map((key) => {
      const { name, size } = (this.#row(key) as UploadRow).file;
      return { fileName: name, byteSize: size };
    });
    const { data, error } = await client.mutation(StageUploadsDocument, { files }).toPromise();
    const { uploads, userErrors } = data?.stagedUploadCreate ?? {};
    for (const [place, upload] of (uploads ?? []).entries())
      this.#addresses.set(keys[place] as number, { id: upload.id, url: upload.resumableUrl });
    if (uploads) return true;
    this.#change(keys, {
      state: error?.networkError ? 'BROKEN' : 'REJECTED',
      message: error ? wordsFor(error) : (userErrors?.[0]?.message ?? null),
    });
    return false;
  }

  async #send(key: number): Promise<void> {
    const { Upload } = await import('tus-js-client');
    const { file } = this.#row(key) as UploadRow;
    this.#change([key], { state: 'SENDING' });
    await new Promise<void>((resolve) => {
      const upload = new Upload(file, {
        uploadUrl: ownFile(this.#addresses.get(key)?.url as string),
        chunkSize: 8 * 1024 * 1024,
        retryDelays: [0, 500, 2000, 5000, 10_000],
        storeFingerprintForResuming: false,
        onProgress: (done, total) => this.#change([key], { sent: total ? done / total : 0 }),
        onSuccess: () => {
          this.#change([key], { state: 'SENT', sent: 1 });
          resolve();
        },
        onError: () => {
          this.#change([key], { state: 'BROKEN', message: m.bringIn.interrupted });
          resolve();
        },
      });
      this.#running.set(key, upload);
      upload.start();
    });
    this.#running.delete(key);
  }

  async #import(keys: readonly number[]): Promise<void> {
    const uploads = keys.map((key) => ({ upload: this.#addresses.get(key)?.id as string }));
    const { data, error } = await client.mutation(StartImportDocument, { uploads, idempotencyKey: crypto.randomUUID() }).toPromise();
    const started = data?.assetImportCreate.import;
    if (!started) {
      const message = error ? wordsFor(error) : (data?.assetImportCreate.userErrors[0]?.message ?? null);
      this.#change(keys, { state: 'FAILED', message });
      return;
    }
    this.since ??= started.createdAt;
    this.#change(keys, { state: 'PENDING' });
    // Rows have the order in which the uploads were named.
    for (let finished = false; !finished; ) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      finished = await this.#follow(started.id, keys);
    }
    forgetViews();
    this.#publish();
  }

  /** @returns whether the import is over */
  async #follow(id: string, keys: readonly number[]): Promise<boolean> {
    const { data, error } = await client.query(ImportRowsDocument, { id, after: null }, { requestPolicy: 'network-only' }).toPromise();
    // The import goes on without us; a lost connection is asked again.
    if (error || !data?.assetImport) return error?.networkError === undefined && !error;
    for (const { node } of data.assetImport.items.edges) {
      const key = keys[node.position];
      if (key !== undefined) this.#change([key], { state: node.state, message: node.message, assetId: node.assetId });
    }
    return data.assetImport.finishedAt !== null;
  }

  #row(key: number): UploadRow | undefined {
    return this.#rows.find((row) => row.key === key);
  }

  #change(keys: readonly number[], change: Partial<UploadRow>): void {
    const changed = new Set(keys);
    this.#rows = this.#rows.map((row) => (changed.has(row.key) ? { ...row, ...change } : row));
    this.#publish();
  }

  #publish(): void {
    const done = this.#rows.filter(isOver).length;
    this.#progress = done < this.#rows.length ? { done, total: this.#rows.length } : null;
    for (const listener of this.#listeners) listener();
  }
}

export const uploads = new Uploads();
