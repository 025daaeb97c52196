import { geometryOf, type ImageInputSpec, makeModelInput, normalise, reduce } from './model-input.js';
import { partKeyOf } from './part-key.js';
import { onWhite } from '../pixels/raw-picture.js';
import { pipelineOf, pixelsOf, type SourcePicture } from './source-picture.js';

/** A square region of a picture, in pixels after EXIF rotation. */
export interface Tile {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Rows of tiles that may be asked for. */
export const MAX_TILE_ROWS = 4;
/** At least this share of a tile lies in its neighbour too, so that what the edge of one cuts through is whole in the other. */
const OVERLAP = 0.3;
/** A smaller tile has fewer pixels than most models take: it would show nothing that the whole does not. */
const MIN_TILE_PX = 224;
/** Beyond this ratio of its sides a picture is cut along, even where it is not tall enough for two rows: models see the whole too small. */
const LONG = 2;
/** Most tiles of a picture: so many times the square of the rows. Longer pictures are cut into fewer rows of larger tiles, or with gaps. */
const MAX_TILES = 3;

/**
 * Where a picture is cut into overlapping squares: `rows` of them along its short side, as many as it takes along the other. None for
 * pictures that are too small. The same whatever model looks: a part has one key, and its vectors of two revisions can be compared.
 */
export function tilesOf(width: number, height: number, rows: number): Tile[] {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  for (let count = rows; count >= 1; count -= 1) {
    const edge = Math.round(short / (1 + (count - 1) * (1 - OVERLAP)));
    if (edge < MIN_TILE_PX) continue;
    if (count === 1 && long / short <= LONG) return [];
    const most = Math.floor((MAX_TILES * rows ** 2) / count);
    // Rounded edges must not cost a column.
    const along = Math.ceil((long - edge) / (edge * (1 - OVERLAP)) - 0.01) + 1;
    if (along > most && count > 1) continue;
    const [across, down] = width >= height ? [Math.min(along, most), count] : [count, Math.min(along, most)];
    return placesOf(height, edge, down).flatMap((y) => placesOf(width, edge, across).map((x) => ({ x, y, width: edge, height: edge })));
  }
  return [];
}

/** Spread evenly from one edge of the picture to the other. */
function placesOf(length: number, edge: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (count === 1 ? 0 : Math.round((index * (length - edge)) / (count - 1))));
}

export function tileKeyOf(tile: Tile): string {
  return partKeyOf({ kind: 'TILE', ...tile });
}

/**
 * Gives the model inputs of a picture's tiles, one at a time. The picture is reduced once, to the size at which a tile is what the model
 * takes, and tiles are cut from that at whole pixels: up to half a pixel of the input off. What has been decoded already is used unless it is
 * so much reduced itself that tiles of it would be smaller than the model wants. Only tiles that must be enlarged are resized one by one.
 */
export async function openTiles(source: SourcePicture, edge: number, spec: ImageInputSpec): Promise<(tile: Tile) => Promise<Float32Array>> {
  const { width, height, crop } = geometryOf(edge, edge, spec);
  const [across, down] = [width / edge, height / edge];
  if (across > 1 || down > 1 || spec.letterboxGround !== undefined) return cutOneByOne(source, edge, spec);
  const [wide, tall] = [Math.round(source.width * across), Math.round(source.height * down)];
  const isEnough = source.isWhole || (wide <= source.base.width && tall <= source.base.height);
  const reduced = isEnough
    ? await pixelsOf(reduce(onWhite(source.base), wide, tall, spec.resample))
    : onWhite(await source.decodeAt(wide, tall));
  return async ({ x, y }) => {
    const left = Math.min(Math.round(x * across) + crop.left, wide - crop.width);
    const top = Math.min(Math.round(y * down) + crop.top, tall - crop.height);
    return normalise(reduced, spec, left, top);
  };
}

/** For tiles that are smaller than what the model takes, or that it wants on a ground. */
async function cutOneByOne(source: SourcePicture, edge: number, spec: ImageInputSpec): Promise<(tile: Tile) => Promise<Float32Array>> {
  const wanted = Math.max(spec.width, spec.height);
  const isEnough = source.isWhole || (edge * source.base.width) / source.width >= wanted;
  const scale = Math.min(1, wanted / edge);
  const base = isEnough ? source.base : await source.decodeAt(Math.ceil(source.width * scale), Math.ceil(source.height * scale));
  const [across, down] = [base.width / source.width, base.height / source.height];
  return async ({ x, y, width, height }) => {
    const [left, top] = [Math.round(x * across), Math.round(y * down)];
    const region = {
      ...{ left, top },
      width: Math.max(1, Math.min(base.width - left, Math.round(width * across))),
      height: Math.max(1, Math.min(base.height - top, Math.round(height * down))),
    };
    const picture = await pixelsOf(pipelineOf(base).extract(region));
    return makeModelInput({ ...source, width: picture.width, height: picture.height, base: picture, isWhole: true, isVector: false }, spec);
  };
}
