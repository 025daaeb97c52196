import type { RawPicture } from '../pixels/raw-picture.js';

/** One colour of a mark, and what stands in its place. */
export interface MarkColor {
  expected: string;
  measured: string;
  /** Share of the mark's area, 0 to 1. */
  share: number;
}

/** The mark's own colours (up to four, by share) and the median of the picture's where each of them should be. */
export function colorsAt(picture: RawPicture, mark: RawPicture, place: (x: number, y: number) => { x: number; y: number }): MarkColor[] {
  const groups = new Map<string, { own: number[][]; seen: number[][] }>();
  let inside = 0;
  const step = Math.max(1, Math.floor(Math.max(mark.width, mark.height) / 96));
  const opaque = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < mark.width && y < mark.height && mark.data[(y * mark.width + x) * 4 + 3]! > 250;
  for (let y = 0; y < mark.height; y += step) {
    for (let x = 0; x < mark.width; x += step) {
      // Not at the outline, where the ground shines through.
      if (![-4, 0, 4].every((dy) => [-4, 0, 4].every((dx) => opaque(x + dx, y + dy)))) continue;
      const at = (y * mark.width + x) * 4;
      const own = [mark.data[at]!, mark.data[at + 1]!, mark.data[at + 2]!];
      const spot = place(x + 0.5, y + 0.5);
      const [px, py] = [Math.floor(spot.x), Math.floor(spot.y)];
      if (px < 0 || py < 0 || px >= picture.width || py >= picture.height) continue;
      const from = (py * picture.width + px) * picture.channels;
      const key = own.map((value) => value >> 5).join();
      const group = groups.get(key) ?? { own: [], seen: [] };
      group.own.push(own);
      group.seen.push([picture.data[from]!, picture.data[from + 1]!, picture.data[from + 2]!]);
      groups.set(key, group);
      inside += 1;
    }
  }
  return [...groups.values()]
    .filter(({ own }) => own.length >= Math.max(8, 0.04 * inside))
    .sort((one, other) => other.own.length - one.own.length)
    .slice(0, 4)
    .map(({ own, seen }) => ({ expected: medianColor(own), measured: medianColor(seen), share: own.length / inside }));
}

function medianColor(pixels: number[][]): string {
  const median = (channel: number) => pixels.map((pixel) => pixel[channel]!).sort((one, other) => one - other)[pixels.length >> 1]!;
  return `#${[0, 1, 2].map((channel) => median(channel).toString(16).padStart(2, '0')).join('')}`;
}

/** Walks outwards ring by ring while the ring is as plain as the one next to the mark. */
export function clearSpaceAround(
  picture: RawPicture,
  box: { left: number; top: number; right: number; bottom: number },
  heightPx: number,
): number | null {
  const most = Math.ceil(1.5 * heightPx);
  const gap = Math.max(1, Math.round(0.03 * heightPx));
  const ring = (distance: number): number[][] | null => {
    const [x0, y0] = [Math.floor(box.left) - distance, Math.floor(box.top) - distance];
    const [x1, y1] = [Math.ceil(box.right) + distance - 1, Math.ceil(box.bottom) + distance - 1];
    if (x0 < 0 || y0 < 0 || x1 >= picture.width || y1 >= picture.height) return null;
    const pixels: number[][] = [];
    const take = (x: number, y: number) => {
      const at = (y * picture.width + x) * picture.channels;
      pixels.push([picture.data[at]!, picture.data[at + 1]!, picture.data[at + 2]!]);
    };
    for (let x = x0; x <= x1; x++) {
      take(x, y0);
      take(x, y1);
    }
    for (let y = y0 + 1; y < y1; y++) {
      take(x0, y);
      take(x1, y);
    }
    return pixels;
  };
  const nearest = ring(gap);
  if (nearest === null) return 0;
  const ground = [0, 1, 2].map(
    (channel) => nearest.map((pixel) => pixel[channel]!).sort((one, other) => one - other)[nearest.length >> 1]!,
  );
  const differing = (pixels: number[][]) =>
    pixels.filter((pixel) => pixel.some((value, channel) => Math.abs(value - ground[channel]!) > 40)).length / pixels.length;
  if (differing(nearest) > 0.25) return null;
  for (let distance = gap + 1; distance <= most; distance++) {
    const pixels = ring(distance);
    if (pixels === null || differing(pixels) > 0.015) return (distance - 1) / heightPx;
  }
  return most / heightPx;
}
