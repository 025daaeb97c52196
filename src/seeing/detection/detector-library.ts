import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { VitrineError } from '../../errors.js';
import { type DetectorDescription, MANIFEST, readDetectorFolder } from '../../engines/embedding/detector-manifest.js';

const SELECTION = 'selected';
const ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The detectors on this machine, and which one pictures are searched with. */
export class DetectorLibrary {
  readonly #folder: string;
  #inUse: Promise<DetectorDescription | null> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Ids of the detectors that were added. */
  async list(): Promise<string[]> {
    return (await readdir(this.#folder, { withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isDirectory() && ID.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  }

  /** The chosen one; null where none is. */
  async chosen(): Promise<string | null> {
    const text = (await readFile(path.join(this.#folder, SELECTION), 'utf8').catch(() => '')).trim();
    return ID.test(text) ? text : null;
  }

  /** @throws VitrineError MODEL_NOT_FOUND, MODEL_INVALID, MODEL_CHECKSUM_MISMATCH */
  async describe(id: string): Promise<DetectorDescription> {
    const known = await this.list();
    if (!known.includes(id))
      throw new VitrineError(
        'MODEL_NOT_FOUND',
        `There is no detector ${id} here; here are: ${known.join(', ') || 'none'}. \`vitrine detectors add <folder>\` takes one.`,
        { field: 'id', value: id, allowed: known },
      );
    return readDetectorFolder(path.join(this.#folder, id));
  }

  /** The chosen detector as it was when this process first asked: another choice counts from the next start on. Null where none is. */
  inUse(): Promise<DetectorDescription | null> {
    this.#inUse ??= this.chosen().then((id) => (id === null ? null : this.describe(id)));
    return this.#inUse;
  }

  /** Takes a copy of a folder, in place of a detector of the same id. The first one is chosen. */
  async add(folder: string, description: DetectorDescription): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const target = path.join(this.#folder, description.id);
    const partial = `${target}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    for (const name of [MANIFEST, description.file]) await cp(path.join(folder, name), path.join(partial, name));
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
    if ((await this.chosen()) === null) await this.choose(description.id);
  }

  /** Null: pictures are searched by none. */
  async choose(id: string | null): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const file = path.join(this.#folder, SELECTION);
    await writeFile(`${file}.new`, `${id ?? ''}\n`);
    await rename(`${file}.new`, file);
  }
}
