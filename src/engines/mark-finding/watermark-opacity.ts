import type { RawPicture } from '../pixels/raw-picture.js';
import type { Placement } from './watermark-fit.js';

/** Pixels of the picture between the outline and where mark and ground are looked at. */
const ASIDE_PX = 2.5;
/** Least distance in sRGB (0 to 441) of the mark's colour from the ground for its share to be measured. */
const LEAST_CONTRAST = 40;
const PLACES = 12;

/**
 * The share of a mark's colours in the picture: at each bit of its outline, how far the inside lies from the outside towards the mark's own
 * colour; the median of all. Null where that cannot be told.
 * @param unit pixels of the picture to one of the mark
 */
export function opacityAt(picture: RawPicture, mark: RawPicture, { places, rotationDeg }: Placement, unit: number): number | null {
  const [cos, sin] = [Math.cos((rotationDeg * Math.PI) / 180), Math.sin((rotationDeg * Math.PI) / 180)];
  const outline = outlineOf(mark, ASIDE_PX / unit);
  const shares: number[] = [];
  for (const place of places.slice(0, PLACES)) {
    const seenAt = ({ x, y }: { x: number; y: number }): readonly number[] | null => {
      const [u, v] = [(x - mark.width / 2) * unit, (y - mark.height / 2) * unit];
      const [px, py] = [Math.floor(place.x + cos * u - sin * v), Math.floor(place.y + sin * u + cos * v)];
      if (px < 0 || py < 0 || px >= picture.width || py >= picture.height) return null;
      const at = (py * picture.width + px) * picture.channels;
      return [picture.data[at]!, picture.data[at + 1]!, picture.data[at + 2]!];
    };
    for (const { inside, outside, color, alpha } of outline) {
      const [within, ground] = [seenAt(inside), seenAt(outside)];
      if (within === null || ground === null) continue;
      let [along, square] = [0, 0];
      for (let channel = 0; channel < 3; channel++) {
        const way = color[channel]! - ground[channel]!;
        along += (within[channel]! - ground[channel]!) * way;
        square += way * way;
      }
      if (square >= LEAST_CONTRAST ** 2) shares.push(along / square / alpha);
    }
  }
  if (shares.length < 40) return null;
  const median = shares.sort((one, other) => one - other)[shares.length >> 1]!;
  return median < 0.02 ? null : Math.min(1, median);
}

interface OutlineBit {
  inside: { x: number; y: number };
  outside: { x: number; y: number };
  /** Of the mark at `inside`. */
  color: readonly number[];
  alpha: number;
}

/** Points of the mark just inside and just outside of its outline, straight across it. */
function outlineOf({ data, width, height }: RawPicture, aside: number): OutlineBit[] {
  const alphaAt = (x: number, y: number) => {
    const [px, py] = [Math.floor(x), Math.floor(y)];
    return px < 0 || py < 0 || px >= width || py >= height ? 0 : data[(py * width + px) * 4 + 3]!;
  };
  const bits: OutlineBit[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const slope = { x: alphaAt(x + 1, y) - alphaAt(x - 1, y), y: alphaAt(x, y + 1) - alphaAt(x, y - 1) };
      const steepness = Math.hypot(slope.x, slope.y);
      if (steepness < 100) continue;
      const [dx, dy] = [(slope.x / steepness) * aside, (slope.y / steepness) * aside];
      const inside = { x: x + 0.5 + dx, y: y + 0.5 + dy };
      const outside = { x: x + 0.5 - dx, y: y + 0.5 - dy };
      const alpha = alphaAt(inside.x, inside.y);
      // Strokes thinner than this have no inside.
      if (alpha < 200 || alphaAt(outside.x, outside.y) > 10) continue;
      const at = (Math.floor(inside.y) * width + Math.floor(inside.x)) * 4;
      bits.push({ inside, outside, color: [data[at]!, data[at + 1]!, data[at + 2]!], alpha: alpha / 255 });
    }
  }
  return bits;
}
