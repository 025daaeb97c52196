import { mkdir, readdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { VitrineError } from '../../errors.js';
import { findByteSize } from './model-file.js';
import { MODEL_ID } from './model-manifest.js';

const BUILT_IN = 'vitrine-sketch';
/** Holds the name that `vitrine models use` wrote. */
const SELECTION = 'selected';

export interface ModelPlaces {
  /** Models that were pulled or added. */
  ownFolder: string;
  /** Models that come with Vitrine. */
  builtInFolder: string;
  /** VITRINE_MODEL: a name or a path; it goes before what `use` chose. */
  choice?: string;
}

export interface InstalledModel {
  id: string;
  folder: string;
  origin: 'BUILT_IN' | 'OWN';
}

/** The models on this machine, by name. */
export class ModelLibrary {
  readonly ownFolder: string;
  readonly #places: ModelPlaces;

  constructor(places: ModelPlaces) {
    this.#places = places;
    this.ownFolder = places.ownFolder;
  }

  /** Every folder that looks like a model, own ones first; of two with one name the own one counts. */
  async list(): Promise<InstalledModel[]> {
    const found = new Map<string, InstalledModel>();
    for (const [origin, place] of [
      ['OWN', this.#places.ownFolder],
      ['BUILT_IN', this.#places.builtInFolder],
    ] as const) {
      for (const id of (await readdir(place).catch(() => [])).sort()) {
        const folder = path.join(place, id);
        if (!MODEL_ID.test(id) || found.has(id) || (await findByteSize(path.join(folder, 'config.json'))) === null) continue;
        found.set(id, { id, folder, origin });
      }
    }
    return [...found.values()];
  }

  /** Folder of a model by name or path. Throws MODEL_NOT_FOUND, naming what is here. */
  async folderOf(nameOrPath: string): Promise<string> {
    if (/[/\\]/.test(nameOrPath)) return path.resolve(nameOrPath);
    const models = await this.list();
    const known = models.find((model) => model.id === nameOrPath);
    if (known) return realpath(known.folder);
    throw new VitrineError(
      'MODEL_NOT_FOUND',
      `There is no model ${nameOrPath} on this machine; here are: ${models.map((model) => model.id).join(', ') || 'none'}. ` +
        `\`vitrine models pull ${nameOrPath}\` fetches one that \`vitrine models list\` shows, \`vitrine models add <folder>\` takes one from a folder.`,
      { field: 'model', value: nameOrPath },
    );
  }

  /** Folders in which a model of this name may lie, likeliest first: where it was found before, its place by name, the chosen path. */
  async foldersFor(name: string, location: string | null): Promise<string[]> {
    const named = (await this.list()).filter((model) => model.id === name).map((model) => model.folder);
    const chosen = await this.chosen();
    const candidates = [...(location === null ? [] : [location]), ...named, ...(/[/\\]/.test(chosen) ? [chosen] : [])];
    const found = await Promise.all(candidates.map((folder) => realpath(folder).catch(() => null)));
    return [...new Set(found.filter((folder) => folder !== null))];
  }

  /** Name or path of the model that new organisations start with. */
  async chosen(): Promise<string> {
    return this.#places.choice ?? (await this.selected()) ?? BUILT_IN;
  }

  /** What `vitrine models use` chose; null where it never ran. */
  async selected(): Promise<string | null> {
    const text = await readFile(path.join(this.ownFolder, SELECTION), 'utf8').catch(() => null);
    const name = text?.trim() ?? '';
    return MODEL_ID.test(name) ? name : null;
  }

  async select(id: string): Promise<void> {
    await mkdir(this.ownFolder, { recursive: true });
    const file = path.join(this.ownFolder, SELECTION);
    await writeFile(`${file}.new`, `${id}\n`);
    await rename(`${file}.new`, file);
  }
}
