import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { lockFile } from './storage.queries.js';

/**
 * Stands between those who are about to write a row about a file that was there before them, and those who remove files without rows:
 * one file is kept or removed, never both.
 */
export class FileKeeper {
  readonly #database: Database;
  readonly #files: FileStore;

  constructor(database: Database, files: FileStore) {
    this.#database = database;
    this.#files = files;
  }

  /** Makes a file as good as newly put, so that no sweep takes it before its row is there. @returns false when it is gone */
  keep(sha256: string): Promise<boolean> {
    return this.#alone(sha256, () => this.#files.renew(sha256));
  }

  /** Removes a file that nobody has put or kept for so long. @returns false when somebody has */
  remove(sha256: string, unchangedForMs: number): Promise<boolean> {
    return this.#alone(sha256, () => this.#files.removeUnchanged(sha256, unchangedForMs));
  }

  /** Removes the renditions of a file that is not there. @returns false when it is */
  removeRenditions(sha256: string): Promise<boolean> {
    return this.#alone(sha256, async () => {
      if (await this.#files.has(sha256)) return false;
      await this.#files.removeRenditions(sha256);
      return true;
    });
  }

  #alone<T>(sha256: string, work: () => Promise<T>): Promise<T> {
    return this.#database.asSystem(async (tx) => {
      await lockFile(tx, sha256);
      return work();
    });
  }
}
