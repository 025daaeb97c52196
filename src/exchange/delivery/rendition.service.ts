import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Database } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { Lane } from '../../lane-queue.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { MediaFacts } from '../../engines/media/media-facts.js';
import type { RenditionRecipe } from '../../engines/media/rendition-recipe.js';
import { SharedWork } from '../../shared-work.js';
import { type RecipeChoice, recipeKey, recipeOf } from './recipe.js';
import { countOwnRenditions, findRendition, type RenditionRow, saveRendition, type SourceVersion } from './rendition.queries.js';

/** Sizes outside the presets that one version may have: so that nobody fills the disk with them. */
export const MAX_OWN_RENDITIONS = 40;

const EXTENSIONS = { WEBP: 'webp', AVIF: 'avif', JPEG: 'jpg', PNG: 'png', TIFF: 'tif' } as const;

export interface FoundRendition {
  row: RenditionRow;
  /** Name in the file store, beside the original. */
  name: string;
}

/** Pictures made from an asset's file by a recipe: made once, at the first request, and kept. */
export class RenditionService {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #media: MediaAnalyzer;
  /** Facts of renditions by content and recipe, some two kilobytes each. */
  readonly #measured = new LRUCache<string, MediaFacts>({ max: 1000 });
  /** What this process is making now: whoever asks for the same waits for the same. */
  readonly #making = new SharedWork<RenditionRow>();

  constructor(database: Database, files: FileStore, media: MediaAnalyzer) {
    this.#database = database;
    this.#files = files;
    this.#media = media;
  }

  /** @throws VitrineError MEDIA_* when the file cannot be rendered, CONFLICT when the version has too many sizes of its own */
  async provide(organizationId: string, version: SourceVersion, choice: RecipeChoice, lane: Lane): Promise<FoundRendition> {
    const plan = planOf(version, choice);
    const known = await this.#database.asOrganization(organizationId, (tx) => findRendition(tx, version.id, plan.key));
    if (known !== null && (await this.#files.findRenditionByteSize(version.sha256, plan.name)) === known.byte_size)
      return { row: known, name: plan.name };

    // Whoever waits does not wait for one that is made in the other lane.
    const row = await this.#making.run(`${lane} ${organizationId} ${version.id} ${plan.key}`, () =>
      this.#make(organizationId, version, plan, { isNew: known === null, lane }),
    );
    return { row, name: plan.name };
  }

  /**
   * What a rendition is, by the same measuring as an asset's own file, for somebody who waits for it. It is made for that and not kept;
   * asked again, the answer is remembered. @throws VitrineError MEDIA_*
   */
  async measure(version: Pick<SourceVersion, 'sha256' | 'file_name'>, recipe: RenditionRecipe): Promise<MediaFacts> {
    const key = `${version.sha256} ${recipeKey(recipe)}`;
    const known = this.#measured.get(key);
    if (known) return known;
    const media = this.#media.inLane('interactive');
    const { bytes } = await this.#files.withLocalFile(version.sha256, (localPath) => media.render(localPath, recipe, version.file_name));
    const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-rendition-'));
    try {
      const fileName = `rendition.${EXTENSIONS[recipe.format]}`;
      const file = path.join(folder, fileName);
      await writeFile(file, bytes);
      const { facts } = await media.analyze(file, { fileName });
      this.#measured.set(key, facts);
      return facts;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #make(
    organizationId: string,
    version: SourceVersion,
    plan: RenditionPlan,
    { isNew, lane }: { isNew: boolean; lane: Lane },
  ): Promise<RenditionRow> {
    const { recipe, preset, key, name } = plan;
    if (isNew && preset === null) await this.#refuseTooMany(organizationId, version.id);
    const { bytes, mediaType, width, height } = await this.#files.withLocalFile(version.sha256, (localPath) =>
      this.#media.inLane(lane).render(localPath, recipe, version.file_name),
    );
    // The file first: a row without its file would be a promise, a file without a row is only made again.
    await this.#files.putRendition(version.sha256, name, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const row = { recipe_key: key, media_type: mediaType, byte_size: bytes.length, width, height, sha256 };
    await this.#database.asOrganization(organizationId, (tx) => saveRendition(tx, version.id, { ...row, preset, recipe }));
    return row;
  }

  async #refuseTooMany(organizationId: string, versionId: string): Promise<void> {
    const count = await this.#database.asOrganization(organizationId, (tx) => countOwnRenditions(tx, versionId));
    if (count < MAX_OWN_RENDITIONS) return;
    throw new VitrineError('CONFLICT', `This file has ${count} sizes of its own already, which is the limit. Use one of the presets.`, {
      field: 'recipe',
      value: count,
      allowed: `at most ${MAX_OWN_RENDITIONS} sizes outside the presets`,
    });
  }
}

interface RenditionPlan {
  recipe: RenditionRecipe;
  preset: string | null;
  key: string;
  name: string;
}

function planOf({ focal_x: x, focal_y: y }: SourceVersion, choice: RecipeChoice): RenditionPlan {
  const recipe = recipeOf(choice, x === null || y === null ? null : { x, y });
  const key = recipeKey(recipe);
  return { recipe, preset: 'preset' in choice ? choice.preset : null, key, name: `${key}.${EXTENSIONS[recipe.format]}` };
}
