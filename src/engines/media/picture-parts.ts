import { VitrineError } from '../../errors.js';
import { type ImageInputSpec, makeModelInput } from './model-input.js';
import { partKeyOf } from './part-key.js';
import { onWhite, type RawPicture } from '../pixels/raw-picture.js';
import { fitWithin, type MorePictures, pipelineOf, shrunk, type SourcePicture } from './source-picture.js';
import { openTiles, tileKeyOf, tilesOf } from './tiles.js';

/** One of several pictures of a file, or a passage of its text. */
export interface MediaPart {
  /** See part-key.ts. */
  part: string;
  /** Model input; null unless asked for, and for text. */
  pixels: Float32Array | null;
  /** WebP of a page or frame; null unless asked for. */
  thumbnail: Buffer | null;
  text: string | null;
}

/** Every page of a document can be the one that is looked for; a film's frames repeat each other. */
export const MAX_PAGES = 100;
export const MAX_FRAMES = 16;
/** Pixels decoded for all parts together, as many times the limit of one picture. */
const MAX_DECODED = 8;
/** Frames whose 8-bit channels differ by no more than this on average, at 32 × 32 pixels, show the same. */
export const SAME_FRAME_DIFFERENCE = 4;

/** What is to be made of each part. */
export interface PartRequest {
  input?: ImageInputSpec;
  thumbnail?: { maxEdgePx: number };
}

export interface PartLimits {
  maxPixels: number;
  /** From here on no further part is begun: what a file shows first is found, and the file is not refused for being long. */
  partsTimeMs: number;
  /** Rows of tiles that large pictures are cut into; 0: none. See tilesOf. */
  tileRows: number;
}

export type PartClock = <T>(stage: 'decodeMs' | 'preprocessMs' | 'thumbnailMs', work: () => Promise<T>) => Promise<T>;

type FoundParts = { parts: MediaPart[]; warnings: string[] };

/**
 * The parts of a picture beside the whole: further pages or frames, or the tiles of a large one that is alone. What cannot be decoded is
 * left out with a warning.
 */
export function partsOf(source: SourcePicture, request: PartRequest, limits: PartLimits, timed: PartClock): Promise<FoundParts> {
  return source.more === null ? tileParts(source, request, limits, timed) : furtherPictures(source, source.more, request, limits, timed);
}

async function tileParts(
  source: SourcePicture,
  { input }: PartRequest,
  { partsTimeMs, tileRows }: PartLimits,
  timed: PartClock,
): Promise<FoundParts> {
  const tiles = tilesOf(source.width, source.height, tileRows);
  const asPart = (pixels: Float32Array | null, index: number): MediaPart => ({
    part: tileKeyOf(tiles[index]!),
    ...{ pixels, thumbnail: null, text: null },
  });
  if (tiles.length === 0 || !input) return { parts: tiles.map((_, index) => asPart(null, index)), warnings: [] };
  const until = performance.now() + partsTimeMs;
  const cut = await timed('decodeMs', () => openTiles(source, tiles[0]!.width, input));
  const parts: MediaPart[] = [];
  for (const [index, tile] of tiles.entries()) {
    if (performance.now() > until)
      return { parts, warnings: [`It takes long to show: ${index} of its ${tiles.length} regions can be found by what they show.`] };
    parts.push(asPart(await timed('preprocessMs', () => cut(tile)), index));
  }
  return { parts, warnings: [] };
}

async function furtherPictures(
  source: SourcePicture,
  more: MorePictures,
  { input, thumbnail }: PartRequest,
  { maxPixels, partsTimeMs }: PartLimits,
  timed: PartClock,
): Promise<FoundParts> {
  const name = more.kind === 'PAGE' ? 'pages' : 'frames';
  const chosen = chooseIndices(more, source.width * source.height, maxPixels * MAX_DECODED);
  const parts: MediaPart[] = [];
  const warnings: string[] = [];
  if (more.kind === 'PAGE' && chosen.length + 1 < more.count)
    warnings.push(`It has ${more.count} pages; the first ${chosen.length + 1} can be found by what they show.`);
  const seen = [await sketchOf(source.base)];
  const until = performance.now() + partsTimeMs;
  for (const [done, index] of chosen.entries()) {
    if (performance.now() > until) {
      warnings.push(`It takes long to show: ${done + 1} of its ${more.count} ${name} can be found by what they show.`);
      break;
    }
    try {
      const picture = await timed('decodeMs', () => more.open(index));
      const sketch = await sketchOf(picture.base);
      // TIFF keeps reduced copies of a picture as further pages.
      const repeats = more.kind === 'FRAME' ? seen : picture.width * 1.5 < source.width ? seen.slice(0, 1) : [];
      if (repeats.some((other) => differenceOf(other, sketch) <= SAME_FRAME_DIFFERENCE)) continue;
      seen.push(sketch);
      parts.push({
        part: partKeyOf(more.placeOf(index)),
        pixels: input ? await timed('preprocessMs', () => makeModelInput(picture, input)) : null,
        thumbnail: thumbnail ? await timed('thumbnailMs', () => makeThumbnail(picture.base, thumbnail.maxEdgePx)) : null,
        text: null,
      });
    } catch (error) {
      warnings.push(
        `One of its ${name} (number ${index + 1}) cannot be shown: ${error instanceof VitrineError ? error.message : 'it is damaged.'}`,
      );
      // What breaks one usually breaks all that follow.
      if (warnings.length >= 5) break;
    }
  }
  return { parts, warnings };
}

/** WebP whose longer edge is at most this. */
export async function makeThumbnail(base: RawPicture, maxEdgePx: number): Promise<Buffer> {
  const { width, height } = fitWithin(base.width, base.height, maxEdgePx);
  return pipelineOf(base).resize(width, height, { fit: 'fill' }).webp({ quality: 80, effort: 0 }).toBuffer();
}

/** Pages from the first on; frames spread evenly. Fewer where they would take too long to decode. */
function chooseIndices(more: MorePictures, pixels: number, budget: number): number[] {
  const { kind, count, costOf } = more;
  for (let wanted = Math.min(count, kind === 'PAGE' ? MAX_PAGES : MAX_FRAMES); wanted > 1; wanted--) {
    const indices = Array.from({ length: wanted - 1 }, (_, i) =>
      kind === 'PAGE' ? i + 1 : Math.round(((i + 1) * (count - 1)) / (wanted - 1)),
    );
    if (indices.reduce((sum, index) => sum + costOf(index) * pixels, 0) <= budget) return indices;
  }
  return [];
}

/** 32 × 32 pixels, RGB. */
export async function sketchOf(picture: RawPicture): Promise<Uint8Array> {
  return (await shrunk(onWhite(picture), 32, 32)).data;
}

/** Mean difference of two sketches, 0 to 255. */
export function differenceOf(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
