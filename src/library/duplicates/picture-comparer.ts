import { LRUCache } from 'lru-cache';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { LOOK_SIDE, type Look, looksSame } from '../../engines/pixels/same-look.js';
import { isOutage, isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { type ComparedPicture, pairKey, type PicturePair } from '../assets/duplicates.js';
import { squeezedPicture } from './squeezed-picture.js';

/** 200 KB each. */
const KEPT_LOOKS = 200;
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
    const data = await squeezedPicture(this.#media, filePath, fileName, LOOK_SIDE);
    return { data, longEdge: Math.max(width, height) };
  }
}
