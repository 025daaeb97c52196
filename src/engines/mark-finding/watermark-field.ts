import { type Variant, variantsOf } from './mark-template.js';
import type { Mat, OpenCv } from '../pixels/open-cv.js';
import type { RawPicture } from '../pixels/raw-picture.js';

/** Slopes of luma, two numbers (along x, along y) a pixel, each pair at most 1 long. */
export interface Field {
  values: Float32Array;
  width: number;
  height: number;
}

/** A mark as it is compared with fields of pictures. */
export interface Template extends Field {
  /** 1 where the mark or its nearest surroundings are. */
  weight: Float32Array;
  /** Square root of the sum of squared lengths; the sum of lengths. */
  norm: number;
  total: number;
}

/** Luma a pixel at which a slope counts half of the most: well above what JPEG leaves on plain grounds, at the edge of what an eye sees. */
const FAINT_SLOPE = 1;

/** Pixels within which an outline rises: what rises more slowly is the picture's own light and shade. */
const RISE_PX = 6;

/**
 * Slopes of what is left of luma without its mean over the surroundings. Lengths are squeezed (s / √(s² + faint²)), so that a faint outline
 * counts nearly as much as a strong edge of the picture.
 */
export function slopesOf(plane: ArrayLike<number>, width: number, height: number, faint = FAINT_SLOPE): Field {
  const values = new Float32Array(2 * width * height);
  const left = withoutMean(plane, width, height);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const [gx, gy] = [(left[at + 1]! - left[at - 1]!) / 2, (left[at + width]! - left[at - width]!) / 2];
      const length = Math.sqrt(gx * gx + gy * gy + faint * faint);
      values[2 * at] = gx / length;
      values[2 * at + 1] = gy / length;
    }
  }
  return { values, width, height };
}

/** A plane less its mean over squares of 2 × {@link RISE_PX} + 1, edges continued. */
function withoutMean(plane: ArrayLike<number>, width: number, height: number): Float32Array {
  const size = 2 * RISE_PX + 1;
  const rows = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let sum = plane[start]! * (RISE_PX + 1);
    for (let x = 1; x <= RISE_PX; x++) sum += plane[start + Math.min(width - 1, x)]!;
    for (let x = 0; x < width; x++) {
      rows[start + x] = sum;
      sum += plane[start + Math.min(width - 1, x + RISE_PX + 1)]! - plane[start + Math.max(0, x - RISE_PX)]!;
    }
  }
  const left = new Float32Array(width * height);
  for (let x = 0; x < width; x++) {
    let sum = rows[x]! * (RISE_PX + 1);
    for (let y = 1; y <= RISE_PX; y++) sum += rows[Math.min(height - 1, y) * width + x]!;
    for (let y = 0; y < height; y++) {
      left[y * width + x] = plane[y * width + x]! - sum / (size * size);
      sum += rows[Math.min(height - 1, y + RISE_PX + 1) * width + x]! - rows[Math.max(0, y - RISE_PX) * width + x]!;
    }
  }
  return left;
}

/** The mark about `size` by `size` pixels large, once for each way in which it looks different on dark and on light grounds. */
export function templatesOf(mark: RawPicture, size: number): Template[] {
  return variantsOf(mark, size).map(templateOf);
}

function templateOf({ luma, weight, width, height }: Variant): Template {
  const left = withoutMean(luma, width, height);
  let steepest = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      if (weight[at]! > 0)
        steepest = Math.max(steepest, Math.hypot(left[at + 1]! - left[at - 1]!, left[at + width]! - left[at - width]!) / 2);
    }
  }
  const field = slopesOf(luma, width, height, 0.25 * steepest);
  let [squares, total] = [0, 0];
  for (let at = 0; at < width * height; at++) {
    field.values[2 * at]! *= weight[at]!;
    field.values[2 * at + 1]! *= weight[at]!;
    const square = field.values[2 * at]! ** 2 + field.values[2 * at + 1]! ** 2;
    squares += square;
    total += Math.sqrt(square);
  }
  return { ...field, weight, norm: Math.sqrt(squares), total };
}

/** Pixels of nothing around a field: the templates' own margin may lie outside of the picture. */
export const FIELD_PAD_PX = 6;

/** A picture's field at one size, as OpenCV matches it. */
export interface ScaledField {
  /** Pixels of the picture to one of the field. */
  scale: number;
  field: Mat;
  /** Squared lengths. */
  energy: Mat;
}

/** Fields of a picture at sizes that differ by `step`, in which a mark of `size` pixels covers from `smallest` of the long edge to all of it. */
export function scaledFields(
  cv: OpenCv,
  luma: Mat,
  { size, smallest, step }: { size: number; smallest: number; step: number },
): ScaledField[] {
  const long = Math.max(luma.cols, luma.rows);
  const fields: ScaledField[] = [];
  for (let scale = Math.max(1, (long * smallest) / size); long / scale > size; scale *= step) {
    const [width, height] = [Math.round(luma.cols / scale), Math.round(luma.rows / scale)];
    const small = new cv.Mat();
    cv.resize(luma, small, new cv.Size(width, height), 0, 0, cv.INTER_AREA);
    const slopes = slopesOf(small.data32F, width, height).values;
    small.delete();
    const [cols, rows] = [width + 2 * FIELD_PAD_PX, height + 2 * FIELD_PAD_PX];
    const values = new Float32Array(2 * cols * rows);
    const energy = new Float32Array(cols * rows);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [from, to] = [2 * (y * width + x), (y + FIELD_PAD_PX) * cols + x + FIELD_PAD_PX];
        values[2 * to] = slopes[from]!;
        values[2 * to + 1] = slopes[from + 1]!;
        energy[to] = slopes[from]! ** 2 + slopes[from + 1]! ** 2;
      }
    }
    fields.push({
      scale: luma.cols / width,
      field: cv.matFromArray(rows, cols, cv.CV_32FC2, values),
      energy: cv.matFromArray(rows, cols, cv.CV_32FC1, energy),
    });
  }
  return fields;
}

/** How well each place fits a template, -1 (light and dark exchanged) to 1. */
export interface Response {
  values: Float32Array;
  cols: number;
  rows: number;
  /** Root of the mean square. */
  spread: number;
  /** Third moment in units of `spread`: large where a few places, or many repeated ones, stand out. */
  skew: number;
}

/** Geometric mean of two likenesses: how much of the outline is there, and how much of what is there is outline. */
export function respond(cv: OpenCv, { field, energy }: ScaledField, template: Template): Response {
  const kernel = cv.matFromArray(template.height, template.width, cv.CV_32FC2, template.values);
  const weight = cv.matFromArray(template.height, template.width, cv.CV_32FC1, template.weight);
  const dots = new cv.Mat();
  const squares = new cv.Mat();
  cv.matchTemplate(field, kernel, dots, cv.TM_CCORR);
  cv.matchTemplate(energy, weight, squares, cv.TM_CCORR);
  const [cols, rows] = [dots.cols, dots.rows];
  const values = new Float32Array(dots.data32F);
  const seen = squares.data32F;
  const floor = 0.02 * template.norm ** 2;
  let [two, three] = [0, 0];
  for (let at = 0; at < values.length; at++) {
    const value = values[at]! / Math.sqrt(template.norm * Math.sqrt(Math.max(0, seen[at]!) + floor) * template.total);
    values[at] = value;
    two += value * value;
    three += value * value * value;
  }
  for (const mat of [kernel, weight, dots, squares]) mat.delete();
  const spread = Math.sqrt(two / values.length) + 1e-9;
  return { values, cols, rows, spread, skew: three / values.length / spread ** 3 };
}
