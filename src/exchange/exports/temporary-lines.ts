import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { temporaryPath } from '../../platform/files/temporary-file.js';

const FLUSH_AT = 65_536;

/** Lines of text kept on disk until they are wanted: as many as there may be. */
export class TemporaryLines {
  readonly #handle: FileHandle;
  readonly #path: string;
  #pending = '';
  #count = 0;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /** @param folder is made when there is none */
  static async create(folder: string): Promise<TemporaryLines> {
    await mkdir(folder, { recursive: true });
    const path = temporaryPath(folder);
    return new TemporaryLines(await open(path, 'wx+'), path);
  }

  get count(): number {
    return this.#count;
  }

  /** @param line without its end */
  async add(line: string): Promise<void> {
    this.#count += 1;
    this.#pending += `${line}\n`;
    if (this.#pending.length > FLUSH_AT) await this.#flush();
  }

  /** All lines from the first on, without their ends. By the open file, which outlives its name. */
  async *read(): AsyncGenerator<string> {
    await this.#flush();
    const input = this.#handle.createReadStream({ start: 0, autoClose: false });
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    if (text !== '') await this.#handle.appendFile(text);
  }
}
