import { type Lab, labOf, squaredDistance } from './lab-colour.js';
import type { RawPicture } from './raw-picture.js';

/** One colour of a picture and the part of its area (0 to 1) it stands for. */
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
/** CIE76: how wide a patch of a photograph is. */
const patchWidth = 10;

interface Group {
  lab: Lab;
  rgb: number;
  count: number;
}

/**
 * The at most 12 colours of a small opaque RGB picture, largest share first; shares sum to 1. Colours that fill an area keep
 * their exact value; anti-aliased edges go to the nearest patch. Same pixels, same answer.
 */
export function paletteOf(picture: RawPicture): PalettePatch[] {
  const all = histogram(picture, null);
  const flat = histogram(picture, flatPixels(picture));
  const pixelCount = picture.width * picture.height;
  const isDrawing = sum(flat.values()) >= pixelCount * drawingFlatShare;

  const patches = exactColours(flat, all, pixelCount);
  // In a drawing what is left over are edges; in a photograph it is most of the picture.
  addGroups(patches, isDrawing ? flat : all, pixelCount);
  if (patches.length === 0) patches.push(group(mostFrequent(all), 1));

  const shares = sharesOf(patches, all);
  return patches
    .map(({ rgb }, i) => ({ hex: `#${rgb.toString(16).padStart(6, '0')}`, ...rounded(labOfRgb(rgb)), share: shares[i]! / pixelCount }))
    .filter((patch) => patch.share > 0)
    .sort((a, b) => b.share - a.share || (a.hex < b.hex ? -1 : 1));
}

/** Counts by nearest patch. Colours of one bin (6 bits a channel) go together: photographs have thousands of colours. */
function sharesOf(patches: Group[], counts: Map<number, number>): Float64Array {
  const shares = new Float64Array(patches.length);
  const exact = new Map(patches.map(({ rgb }, index) => [rgb, index]));
  const indexOfBin = new Map<number, number>();
  for (const [rgb, count] of counts) {
    const bin = rgb & 0xfcfcfc;
    let index = exact.get(rgb) ?? indexOfBin.get(bin);
    if (index === undefined) {
      index = nearest(patches, labOfRgb(rgb)).index;
      indexOfBin.set(bin, index);
    }
    shares[index]! += count;
  }
  return shares;
}

/** Exact colours with a share of their own, near ones joined; joined more widely until they are few enough. */
function exactColours(flat: Map<number, number>, all: Map<number, number>, pixelCount: number): Group[] {
  const frequent = [...all]
    .filter(([rgb, count]) => count >= pixelCount * minScatteredShare || (flat.get(rgb) ?? 0) >= pixelCount * minShare)
    .sort(byCount);
  for (let width = sameColour; ; width *= 2) {
    const found: Group[] = [];
    for (const [rgb, count] of frequent) {
      const candidate = group(rgb, count);
      if (found.length === 0 || nearest(found, candidate.lab).distance > width * width) found.push(candidate);
    }
    if (found.length <= maxPatches) return found;
  }
}

/** Groups (5 bits a channel, then by nearness) of the colours no exact colour stands for. A group shows its mean colour. */
function addGroups(patches: Group[], counts: Map<number, number>, pixelCount: number): void {
  const bins = new Map<number, { r: number; g: number; b: number; count: number }>();
  for (const [rgb, count] of counts) {
    const key = rgb & 0xf8f8f8;
    const bin = bins.get(key) ?? { r: 0, g: 0, b: 0, count: 0 };
    bin.r += (rgb >> 16) * count;
    bin.g += ((rgb >> 8) & 255) * count;
    bin.b += (rgb & 255) * count;
    bin.count += count;
    bins.set(key, bin);
  }
  const means = [...bins.values()].map((bin): [number, number] => [
    (Math.round(bin.r / bin.count) << 16) | (Math.round(bin.g / bin.count) << 8) | Math.round(bin.b / bin.count),
    bin.count,
  ]);
  const groups: (Group & { r: number; g: number; b: number })[] = [];
  for (const [rgb, count] of means.sort(byCount)) {
    const lab = labOfRgb(rgb);
    if (patches.length > 0 && nearest(patches, lab).distance <= patchWidth * patchWidth) continue;
    const near = groups.length === 0 ? null : nearest(groups, lab);
    let target = near && near.distance <= patchWidth * patchWidth ? groups[near.index]! : null;
    if (!target) {
      target = { ...group(rgb, 0), r: 0, g: 0, b: 0 };
      groups.push(target);
    }
    target.count += count;
    target.r += (rgb >> 16) * count;
    target.g += ((rgb >> 8) & 255) * count;
    target.b += (rgb & 255) * count;
  }
  groups.sort((a, b) => b.count - a.count || a.rgb - b.rgb);
  for (const { r, g, b, count } of groups) {
    if (patches.length >= maxPatches || count < pixelCount * minShare) break;
    patches.push(group((Math.round(r / count) << 16) | (Math.round(g / count) << 8) | Math.round(b / count), count));
  }
}

/** 1 for pixels like at least three of their four neighbours: inside an area or a line, not on an anti-aliased edge. */
function flatPixels({ data, width, height }: RawPicture): Uint8Array {
  const flat = new Uint8Array(width * height);
  const alike = (one: number, other: number) =>
    Math.abs(data[one * 3]! - data[other * 3]!) +
      Math.abs(data[one * 3 + 1]! - data[other * 3 + 1]!) +
      Math.abs(data[one * 3 + 2]! - data[other * 3 + 2]!) <=
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

function histogram({ data, width, height }: RawPicture, only: Uint8Array | null): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0, at = 0; i < width * height; i++, at += 3) {
    if (only && only[i] === 0) continue;
    const rgb = (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
    counts.set(rgb, (counts.get(rgb) ?? 0) + 1);
  }
  return counts;
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

function byCount(one: [number, number], other: [number, number]): number {
  return other[1] - one[1] || one[0] - other[0];
}

function mostFrequent(counts: Map<number, number>): number {
  return [...counts].sort(byCount)[0]![0];
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
