import type { Mat, OpenCv } from '../pixels/open-cv.js';
import { clearSpaceAround, colorsAt } from './mark-measures.js';
import { colorPlane, colorsOfMark, colorVariant } from './mark-color-plane.js';
import type { MarkSighting } from './mark-sighting.js';
import { type Candidate, SEARCH_SIZE_PX, search, strongest } from './mark-search.js';
import { correlation, marginOf, outlineCorrelation, type Variant, variantsOf } from './mark-template.js';
import { lumaOf, type RawPicture } from '../pixels/raw-picture.js';

/** A brand's mark as it is looked for: RGBA, cropped to what is not transparent, long edge about {@link MARK_EDGE_PX}. */
export interface MarkTemplate {
  id: string;
  picture: RawPicture;
}

export const MARK_EDGE_PX = 256;
/** Below this two different marks, or a mark and a chance likeness, are not told apart (bench marks). */
export const MIN_CONFIDENCE = 0.7;

/** Square root of a template's area while measuring. */
const FINE_SIZE_PX = 72;
const MAX_STRETCH = 1.6;

/** Affine map from the fine template's pixels to the picture's: x' = a x + b y + c, y' = d x + e y + f. */
type Affine = [number, number, number, number, number, number];

/**
 * Finds a mark in an opaque picture of at most about 1,024 pixels: normalised correlation over sizes and a few rotations, then an affine
 * alignment of each candidate (ECC) and its correlation at a finer size; in the picture's luma, and in how near its pixels are to the mark's
 * own colours, where a busy ground of other colours is gone. Sightings may lie on one another: see {@link withoutOverlap}.
 */
export function findMark(cv: OpenCv, picture: RawPicture, mark: MarkTemplate): MarkSighting[] {
  const luma = openPlane(cv, picture, Float32Array.from(lumaOf(picture)));
  try {
    const coarse = variantsOf(mark.picture, SEARCH_SIZE_PX);
    const fine = variantsOf(mark.picture, FINE_SIZE_PX);
    const found = [...look(cv, picture, mark, { plane: luma, coarse, fine }), ...lookByColor(cv, picture, mark)];
    return found.map(({ sighting }) => sighting).filter(({ confidence }) => confidence >= MIN_CONFIDENCE);
  } finally {
    closePlane(luma);
  }
}

/** Sightings in planes of nearness to the mark's colours. One that is all ground where it should be mark is none. */
function lookByColor(cv: OpenCv, picture: RawPicture, mark: MarkTemplate): Measured[] {
  return colorsOfMark(mark.picture).flatMap((color) => {
    const [coarse, fine] = [colorVariant(mark.picture, SEARCH_SIZE_PX, color), colorVariant(mark.picture, FINE_SIZE_PX, color)];
    const values = coarse && fine && colorPlane(picture, color);
    if (!values) return [];
    const plane = openPlane(cv, picture, values);
    try {
      return look(cv, picture, mark, { plane, coarse: [coarse], fine: [fine] }).filter(({ isInverted }) => !isInverted);
    } finally {
      closePlane(plane);
    }
  });
}

/** A mark in one plane of a picture. */
interface Search {
  plane: readonly Level[];
  /** How the mark looks in this plane: small for searching, larger for measuring, in the same order. */
  coarse: readonly Variant[];
  fine: readonly Variant[];
}

interface Measured {
  sighting: MarkSighting;
  isInverted: boolean;
}

function look(cv: OpenCv, picture: RawPicture, mark: MarkTemplate, { plane, coarse, fine }: Search): Measured[] {
  const candidates = strongest(coarse.flatMap((variant) => search(cv, (plane[0] as Level).image, variant)));
  return candidates.flatMap((candidate) =>
    measure(cv, plane, picture, mark, fine[coarse.indexOf(candidate.variant)] as Variant, candidate),
  );
}

function openPlane(cv: OpenCv, { width, height }: RawPicture, values: Float32Array): Level[] {
  return pyramidOf(cv, cv.matFromArray(height, width, cv.CV_32FC1, values));
}

function closePlane(levels: readonly Level[]): void {
  for (const { image } of levels) image.delete();
}

interface Level {
  image: Mat;
  /** Pixels of the picture to one of this level. */
  factor: number;
}

/** The picture and its halves: a large place is compared at the level where its pixels are about the template's. */
function pyramidOf(cv: OpenCv, image: Mat): Level[] {
  const levels: Level[] = [{ image, factor: 1 }];
  for (let factor = 2; Math.min(image.rows, image.cols) / factor >= 32; factor *= 2) {
    const smaller = new cv.Mat();
    cv.resize(image, smaller, new cv.Size(Math.round(image.cols / factor), Math.round(image.rows / factor)), 0, 0, cv.INTER_AREA);
    levels.push({ image: smaller, factor });
  }
  return levels;
}

function toLevel([a, b, c, d, e, f]: Affine, factor: number): Affine {
  // Pixel centres: x + 0.5 of the picture is (x + 0.5) / factor of the level.
  const shift = (value: number) => (value + 0.5) / factor - 0.5;
  return [a / factor, b / factor, shift(c), d / factor, e / factor, shift(f)];
}

function measure(
  cv: OpenCv,
  levels: readonly Level[],
  picture: RawPicture,
  mark: MarkTemplate,
  fine: Variant,
  { x, y, scale, rotationDeg, variant }: Candidate,
): Measured[] {
  const factor = { x: (scale * variant.width) / fine.width, y: (scale * variant.height) / fine.height };
  const [cos, sin] = [Math.cos((rotationDeg * Math.PI) / 180), Math.sin((rotationDeg * Math.PI) / 180)];
  const [cx, cy] = [fine.width / 2, fine.height / 2];
  const start: Affine = [
    ...([cos * factor.x, -sin * factor.y, x - cos * factor.x * cx + sin * factor.y * cy] as const),
    ...([sin * factor.x, cos * factor.y, y - sin * factor.x * cx - cos * factor.y * cy] as const),
  ];
  const level = levels.filter(({ factor: size }) => size <= Math.max(factor.x, factor.y) * 1.2).at(-1) ?? (levels[0] as Level);
  const rough = toLevel(start, level.factor);
  const first = confidenceAt(cv, level.image, fine, rough);
  const refined = align(cv, level.image, fine, rough, first < 0);
  const better = refined === null ? first : confidenceAt(cv, level.image, fine, refined);
  const useRefined = refined !== null && Math.abs(better) > Math.abs(first);
  const affine = toLevel(useRefined ? refined : rough, 1 / level.factor);
  const signed = useRefined ? better : first;
  const sighting = describe(picture, mark, fine, affine, signed);
  return sighting === null ? [] : [{ sighting, isInverted: signed < 0 }];
}

/** How well the place under `affine` fits; negative where light and dark are exchanged. */
function confidenceAt(cv: OpenCv, image: Mat, fine: Variant, affine: Affine): number {
  const transform = cv.matFromArray(2, 3, cv.CV_32FC1, affine);
  const seen = new cv.Mat();
  const flags = cv.INTER_LINEAR + cv.WARP_INVERSE_MAP;
  cv.warpAffine(image, seen, transform, new cv.Size(fine.width, fine.height), flags, cv.BORDER_REPLICATE);
  const surfaces = correlation(fine.luma, seen.data32F, fine.weight);
  const outlines = outlineCorrelation(fine, seen.data32F);
  transform.delete();
  seen.delete();
  return Math.sign(surfaces) * Math.min(Math.abs(surfaces), Math.max(0, Math.sign(surfaces) * outlines));
}

/** Moves, turns, scales and shears the template until it fits best; null when that does not converge or leads away. */
function align(cv: OpenCv, image: Mat, fine: Variant, start: Affine, inverted: boolean): Affine | null {
  // Only the surroundings: OpenCV differentiates all that it is given, and keeps that memory for good where it gives up.
  const [a, b, c, d, e, f] = start;
  const reach = Math.ceil(0.85 * Math.hypot(Math.hypot(a, d) * fine.width, Math.hypot(b, e) * fine.height));
  const [x, y] = [a * (fine.width / 2) + b * (fine.height / 2) + c, d * (fine.width / 2) + e * (fine.height / 2) + f];
  const [left, top] = [Math.max(0, Math.floor(x) - reach), Math.max(0, Math.floor(y) - reach)];
  const [width, height] = [Math.min(image.cols, Math.ceil(x) + reach) - left, Math.min(image.rows, Math.ceil(y) + reach) - top];
  if (width < 8 || height < 8) return null;
  const part = image.roi(new cv.Rect(left, top, width, height));
  try {
    const found = alignWithin(cv, part, fine, [a, b, c - left, d, e, f - top], inverted);
    return found && [found[0], found[1], found[2] + left, found[3], found[4], found[5] + top];
  } finally {
    part.delete();
  }
}

function alignWithin(cv: OpenCv, image: Mat, fine: Variant, start: Affine, inverted: boolean): Affine | null {
  const template = cv.matFromArray(fine.height, fine.width, cv.CV_32FC1, inverted ? fine.luma.map((value) => 255 - value) : fine.luma);
  const transform = cv.matFromArray(2, 3, cv.CV_32FC1, start);
  const everything = new cv.Mat();
  try {
    const criteria = new cv.TermCriteria(cv.TermCriteria_COUNT + cv.TermCriteria_EPS, 40, 1e-4);
    cv.findTransformECC(template, image, transform, cv.MOTION_AFFINE, criteria, everything, 5);
    const values = [...transform.data32F] as Affine;
    const moved = Math.hypot(
      values[0] * (fine.width / 2) +
        values[1] * (fine.height / 2) +
        values[2] -
        (start[0] * (fine.width / 2) + start[1] * (fine.height / 2) + start[2]),
      values[3] * (fine.width / 2) +
        values[4] * (fine.height / 2) +
        values[5] -
        (start[3] * (fine.width / 2) + start[4] * (fine.height / 2) + start[5]),
    );
    return values.every(Number.isFinite) && moved < 0.4 * Math.hypot(start[0] * fine.width, start[4] * fine.height) ? values : null;
  } catch {
    return null; // OpenCV throws a number where the images do not correlate at all
  } finally {
    template.delete();
    transform.delete();
    everything.delete();
  }
}

function describe(picture: RawPicture, mark: MarkTemplate, fine: Variant, affine: Affine, signed: number): MarkSighting | null {
  const [a, b, c, d, e, f] = affine;
  const widthScale = Math.hypot(a, d);
  const heightScale = (a * e - b * d) / widthScale;
  const shear = (a * b + d * e) / (widthScale * widthScale);
  if (!(heightScale > 0) || Math.abs(shear) > 0.35) return null;
  // The template's own grid is rounded, so its proportions are corrected for.
  const margin = marginOf(mark.picture);
  const unit = { x: fine.width / (mark.picture.width + 2 * margin), y: fine.height / (mark.picture.height + 2 * margin) };
  const stretch = (widthScale * unit.x) / (heightScale * unit.y);
  if (stretch > MAX_STRETCH || stretch < 1 / MAX_STRETCH) return null;
  const inner = { left: margin * unit.x, top: margin * unit.y, right: fine.width - margin * unit.x, bottom: fine.height - margin * unit.y };
  const corners = [
    [inner.left, inner.top],
    [inner.right, inner.top],
    [inner.right, inner.bottom],
    [inner.left, inner.bottom],
  ].map(([x, y]) => ({ x: a * x! + b * y! + c, y: d * x! + e * y! + f }));
  const xs = corners.map(({ x }) => x);
  const ys = corners.map(({ y }) => y);
  const [left, right] = [Math.max(0, Math.min(...xs)), Math.min(picture.width, Math.max(...xs))];
  const [top, bottom] = [Math.max(0, Math.min(...ys)), Math.min(picture.height, Math.max(...ys))];
  if (right - left < 4 || bottom - top < 4) return null;
  const heightPx = (inner.bottom - inner.top) * heightScale;
  const box = { left, top, right, bottom };
  const shares = {
    left: left / picture.width,
    top: top / picture.height,
    width: (right - left) / picture.width,
    height: (bottom - top) / picture.height,
  };
  return {
    markId: mark.id,
    confidence: Math.min(1, Math.abs(signed)),
    box: shares,
    boxes: [shares],
    opacity: null,
    widthPx: (inner.right - inner.left) * widthScale,
    heightPx,
    rotationDeg: (Math.atan2(d, a) * 180) / Math.PI,
    stretch,
    colors: colorsAt(picture, mark.picture, (x, y) => {
      const [u, v] = [(x + margin) * unit.x, (y + margin) * unit.y];
      return { x: a * u + b * v + c, y: d * u + e * v + f };
    }),
    clearSpace: clearSpaceAround(picture, box, heightPx),
  };
}
