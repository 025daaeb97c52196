import { LRUCache } from 'lru-cache';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../engines/media/model-input.js';
import { LOOK_SIDE, type Look, looksSame } from '../../engines/pixels/same-look.js';
import { isOutage, isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { type ComparedPicture, pairKey, type PicturePair } from '../assets/duplicates.js';

/** 200 KB each. */
const KEPT_LOOKS = 200;
const INPUT: ImageInputSpec = {
  ...{ width: LOOK_SIDE, height: LOOK_SIDE, centerCrop: false, resample: 'bilinear', rescaleFactor: 1 },
  ...{ resize: { mode: 'exact', width: LOOK_SIDE, height: LOOK_SIDE }, mean: [0, 0, 0], std: [1, 1, 1] },
};

/** Tells whether pictures of like hashes show the very same. */
export class PictureComparer {
  readonly #files: FileStore;
  readonly #media: MediaAnalyzer;
  /** By SHA-256 of the content; null for what cannot be decoded (any more). */
  readonly #looks = new LRUCache<string, { look: Look | null }>({ max: KEPT_LOOKS });

  constructor(files: FileStore, media: MediaAnalyzer) {
    this.#files = files;
    this.#media = media;
  }

  /** Whether they show the same, by {@link pairKey}. What cannot be looked at is like nothing. */
  async compare(pairs: readonly PicturePair[]): Promise<Map<string, boolean>> {
    const compared = new Map<string, boolean>();
    for (const [one, other] of pairs) {
      const [a, b] = [await this.#lookOf(one), await this.#lookOf(other)];
      compared.set(pairKey(one.sha256, other.sha256), a !== null && b !== null && looksSame(a, b));
      // Comparing keeps the thread: others have their turn in between.
      await new Promise(setImmediate);
    }
    return compared;
  }

  /** Looks at a picture whose file will not be in the storage when it is compared. */
  async lookAt(picture: ComparedPicture, filePath: string): Promise<void> {
    this.#looks.set(picture.sha256, { look: await this.#look(picture, filePath) });
  }

  async #lookOf(picture: ComparedPicture): Promise<Look | null> {
    const known = this.#looks.get(picture.sha256);
    if (known !== undefined) return known.look;
    let look: Look | null = null;
    try {
      look = await this.#files.withLocalFile(picture.sha256, (filePath) => this.#look(picture, filePath));
    } catch (error) {
      if (!isVitrineError(error) || isOutage(error)) throw error;
    }
    this.#looks.set(picture.sha256, { look });
    return look;
  }

  async #look({ fileName, width, height }: ComparedPicture, filePath: string): Promise<Look> {
    const planes = await this.#media.preprocess(filePath, INPUT, fileName);
    const area = LOOK_SIDE * LOOK_SIDE;
    const data = new Uint8Array(area * 3);
    for (let channel = 0; channel < 3; channel++) for (let i = 0; i < area; i++) data[i * 3 + channel] = planes[channel * area + i]!;
    return { data, longEdge: Math.max(width, height) };
  }
}
