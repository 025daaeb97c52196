import { type Lab, labOf, squaredDistance } from '../pixels/lab-colour.js';
import { type RawPicture, SEEN_ALPHA } from '../pixels/raw-picture.js';

/** One colour of a picture and the part (0 to 1) of what is seen of its area that it stands for. */
export interface PalettePatch extends Lab {
  /** #rrggbb, lower case. */
  hex: string;
  share: number;
}

const maxPatches = 12;
/** An exact colour filling this much is a colour of its own; so is a group of similar ones. */
const minShare = 0.005;
/** An exact colour with this share is one even where it only makes thin lines; edges are a mixture of many values. */
const minScatteredShare = 0.03;
/** Above this share of even pixels a picture is a drawing. */
const drawingFlatShare = 0.6;
/** CIE76: colours nearer than this are one colour seen through compression noise. */
const sameColour = 2.5;
/** Bins of hardly any pixels join no group; they are most of the bins of a photograph. */
const strayShare = 0.0002;
/** Groups looked at: sorted by strength, later ones are too weak to become a patch. */
const maxLeaders = 48;
/** CIE76: how wide a patch of a photograph is. */
const patchWidth = 10;

interface Group {
  lab: Lab;
  rgb: number;
  count: number;
}

/** The different colours of what is seen of a picture in ascending order, with how many pixels have each, and how many of these are even area. */
interface Histogram {
  rgb: Uint32Array;
  count: Uint32Array;
  flatCount: Uint32Array;
}

/**
 * The at most 12 colours of a small picture, largest share first; shares sum to 1. Colours that fill an area keep their exact value;
 * anti-aliased edges go to the nearest patch. What is see-through counts nowhere: with nothing else there is no colour. Same pixels, same answer.
 */
export function paletteOf(picture: RawPicture): PalettePatch[] {
  const histogram = histogramOf(picture);
  const pixelCount = sumOf(histogram.count);
  if (pixelCount === 0) return [];
  const isDrawing = sumOf(histogram.flatCount) >= pixelCount * drawingFlatShare;

  const patches = exactColours(histogram, pixelCount);
  // In a drawing what is left over are edges; in a photograph it is most of the picture.
  addGroups(patches, histogram.rgb, isDrawing ? histogram.flatCount : histogram.count, pixelCount);
  if (patches.length === 0) patches.push(group(histogram.rgb[histogram.count.indexOf(maxOf(histogram.count))]!, 1));

  const shares = sharesOf(patches, histogram);
  return patches
    .map(({ rgb, lab }, i) => ({ hex: `#${rgb.toString(16).padStart(6, '0')}`, ...rounded(lab), share: shares[i]! / pixelCount }))
    .filter((patch) => patch.share > 0)
    .sort((a, b) => b.share - a.share || (a.hex < b.hex ? -1 : 1));
}

function histogramOf(picture: RawPicture): Histogram {
  const { data, channels } = picture;
  const flat = flatPixels(picture);
  // Colour and flatness in one number, so that one sort of plain numbers groups both; a Map takes four times as long.
  const all = new Uint32Array(flat.length);
  let seen = 0;
  for (let i = 0, at = 0; i < all.length; i++, at += channels) {
    if (channels === 4 && data[at + 3]! < SEEN_ALPHA) continue;
    all[seen++] = (((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!) << 1) | flat[i]!;
  }
  const keys = all.subarray(0, seen);
  keys.sort();
  const rgb = new Uint32Array(keys.length);
  const count = new Uint32Array(keys.length);
  const flatCount = new Uint32Array(keys.length);
  let last = -1;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (last < 0 || rgb[last] !== key >> 1) rgb[++last] = key >> 1;
    count[last]!++;
    flatCount[last]! += key & 1;
  }
  return { rgb: rgb.subarray(0, last + 1), count: count.subarray(0, last + 1), flatCount: flatCount.subarray(0, last + 1) };
}

/** Counts by nearest patch. Colours of one bin (6 bits a channel) go together: photographs have thousands of colours. */
function sharesOf(patches: Group[], { rgb, count }: Histogram): Float64Array {
  const shares = new Float64Array(patches.length);
  const exact = new Map(patches.map((patch, index) => [patch.rgb, index]));
  const indexOfBin = new Int8Array(1 << 18).fill(-1);
  for (let i = 0; i < rgb.length; i++) {
    const colour = rgb[i]!;
    const bin = ((colour >> 18) << 12) | (((colour >> 10) & 63) << 6) | ((colour >> 2) & 63);
    let index = exact.get(colour) ?? indexOfBin[bin]!;
    if (index < 0) {
      index = nearest(patches, labOfRgb(colour)).index;
      indexOfBin[bin] = index;
    }
    shares[index]! += count[i]!;
  }
  return shares;
}

/** Exact colours with a share of their own, near ones joined; joined more widely until they are few enough. */
function exactColours({ rgb, count, flatCount }: Histogram, pixelCount: number): Group[] {
  const frequent: Group[] = [];
  for (let i = 0; i < rgb.length; i++) {
    if (count[i]! >= pixelCount * minScatteredShare || flatCount[i]! >= pixelCount * minShare) frequent.push(group(rgb[i]!, count[i]!));
  }
  frequent.sort(byCount);
  for (let width = sameColour; ; width *= 2) {
    const found: Group[] = [];
    for (const candidate of frequent) {
      if (nearest(found, candidate.lab).distance > width * width) found.push(candidate);
    }
    if (found.length <= maxPatches) return found;
  }
}

/** Groups (5 bits a channel, then by nearness) of the colours no exact colour stands for. A group shows its mean colour. */
function addGroups(patches: Group[], rgb: Uint32Array, count: Uint32Array, pixelCount: number): void {
  const sums = Array.from({ length: 4 }, () => new Float64Array(1 << 15)) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const [reds, greens, blues, counts] = sums;
  for (let i = 0; i < rgb.length; i++) {
    const colour = rgb[i]!;
    const weight = count[i]!;
    const bin = ((colour >> 19) << 10) | (((colour >> 11) & 31) << 5) | ((colour >> 3) & 31);
    reds[bin]! += (colour >> 16) * weight;
    greens[bin]! += ((colour >> 8) & 255) * weight;
    blues[bin]! += (colour & 255) * weight;
    counts[bin]! += weight;
  }
  const bins: (Group & { bin: number })[] = [];
  for (let bin = 0; bin < counts.length; bin++) {
    if (counts[bin]! > pixelCount * strayShare)
      bins.push({ ...group(meanRgb(reds[bin]!, greens[bin]!, blues[bin]!, counts[bin]!), counts[bin]!), bin });
  }

  // The strongest bin leads a group; what is near joins the nearest leader.
  const leaders: (Group & { bin: number })[] = [];
  for (const candidate of bins.sort(byCount)) {
    const limit = patchWidth * patchWidth;
    if (nearest(patches, candidate.lab).distance <= limit) continue;
    const near = nearest(leaders, candidate.lab);
    if (near.distance > limit) {
      if (leaders.length < maxLeaders) leaders.push(candidate);
      continue;
    }
    const leader = leaders[near.index]!;
    for (const sum of sums) sum[leader.bin]! += sum[candidate.bin]!;
    leader.count += candidate.count;
  }
  for (const { bin, count: total } of leaders.sort(byCount)) {
    if (patches.length >= maxPatches || total < pixelCount * minShare) break;
    patches.push(group(meanRgb(reds[bin]!, greens[bin]!, blues[bin]!, total), total));
  }
}

function meanRgb(red: number, green: number, blue: number, count: number): number {
  return (Math.round(red / count) << 16) | (Math.round(green / count) << 8) | Math.round(blue / count);
}

/**
 * 1 for pixels like at least three of their four neighbours: inside an area or a line, not on an anti-aliased edge. A see-through neighbour
 * tells nothing against a pixel that is not.
 */
function flatPixels({ data, width, height, channels }: RawPicture): Uint8Array {
  const flat = new Uint8Array(width * height);
  const alike = (one: number, other: number) =>
    (channels === 4 && data[other * 4 + 3]! < SEEN_ALPHA) ||
    Math.abs(data[one * channels]! - data[other * channels]!) +
      Math.abs(data[one * channels + 1]! - data[other * channels + 1]!) +
      Math.abs(data[one * channels + 2]! - data[other * channels + 2]!) <=
      12;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let unlike = 0;
      if (x > 0 && !alike(i, i - 1)) unlike++;
      if (x < width - 1 && !alike(i, i + 1)) unlike++;
      if (y > 0 && !alike(i, i - width)) unlike++;
      if (y < height - 1 && !alike(i, i + width)) unlike++;
      if (unlike <= 1) flat[i] = 1;
    }
  }
  return flat;
}

function nearest(groups: readonly Group[], lab: Lab): { index: number; distance: number } {
  let index = 0;
  let distance = Number.POSITIVE_INFINITY;
  for (let i = 0; i < groups.length; i++) {
    const d = squaredDistance(groups[i]!.lab, lab);
    if (d < distance) {
      distance = d;
      index = i;
    }
  }
  return { index, distance };
}

function group(rgb: number, count: number): Group {
  return { rgb, count, lab: labOfRgb(rgb) };
}

function labOfRgb(rgb: number): Lab {
  return labOf(rgb >> 16, (rgb >> 8) & 255, rgb & 255);
}

function rounded({ L, a, b }: Lab): Lab {
  return { L: Math.round(L * 1000) / 1000, a: Math.round(a * 1000) / 1000, b: Math.round(b * 1000) / 1000 };
}

function byCount(one: Group, other: Group): number {
  return other.count - one.count || one.rgb - other.rgb;
}

// Not for...of, here and above: five times slower on typed arrays.
function sumOf(values: Uint32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

function maxOf(values: Uint32Array): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > max) max = values[i]!;
  return max;
}
