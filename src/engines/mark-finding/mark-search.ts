import type { Variant } from './mark-template.js';
import type { Mat, OpenCv } from '../pixels/open-cv.js';
import { peaksOf } from '../pixels/peaks.js';

/** Square root of a template's area while searching, in pixels: smaller ones take chance likenesses for marks, larger ones miss small marks. */
export const SEARCH_SIZE_PX = 24;
const SEARCH_STEP = 1.22;
const SEARCH_ROTATIONS_DEG = [0, -11, 11];
const SEARCH_CONFIDENCE = 0.5;
const MAX_CANDIDATES = 24;

/** A place that looks like a mark while it is small. */
export interface Candidate {
  variant: Variant;
  score: number;
  /** Centre and long edge in pixels of the working picture; the template's, margin included. */
  x: number;
  y: number;
  scale: number;
  rotationDeg: number;
}

/** Every size and turn of one variant over a picture; many candidates lie on one another, see {@link strongest}. */
export function search(cv: OpenCv, image: Mat, variant: Variant): Candidate[] {
  const found: Candidate[] = [];
  const templates = SEARCH_ROTATIONS_DEG.map((rotationDeg) => ({ rotationDeg, mat: rotated(cv, variant, rotationDeg) }));
  const smaller = new cv.Mat();
  const padded = new cv.Mat();
  const response = new cv.Mat();
  // The templates' own margin may lie outside: a mark can fill a picture from edge to edge.
  const pad = Math.ceil(0.12 * Math.max(variant.width, variant.height));
  try {
    for (let scale = 1; ; scale *= SEARCH_STEP) {
      const width = Math.round(image.cols / scale);
      const height = Math.round(image.rows / scale);
      if (width + 2 * pad < variant.width || height + 2 * pad < variant.height) break;
      cv.resize(image, smaller, new cv.Size(width, height), 0, 0, cv.INTER_AREA);
      cv.copyMakeBorder(smaller, padded, pad, pad, pad, pad, cv.BORDER_REPLICATE);
      for (const { rotationDeg, mat } of templates) {
        cv.matchTemplate(padded, mat, response, cv.TM_CCOEFF_NORMED);
        found.push(
          ...peaks(response).map(({ x, y, score }) => ({
            variant,
            score,
            x: (x - pad + variant.width / 2) * (image.cols / width),
            y: (y - pad + variant.height / 2) * (image.rows / height),
            scale: image.cols / width,
            rotationDeg,
          })),
        );
      }
    }
  } finally {
    for (const { mat } of templates) mat.delete();
    smaller.delete();
    padded.delete();
    response.delete();
  }
  return found;
}

function rotated(cv: OpenCv, { luma, width, height }: Variant, degrees: number): Mat {
  const upright = cv.matFromArray(height, width, cv.CV_32FC1, luma);
  if (degrees === 0) return upright;
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const transform = cv.matFromArray(2, 3, cv.CV_32FC1, [cos, -sin, cx - cos * cx + sin * cy, sin, cos, cy - sin * cx - cos * cy]);
  const turned = new cv.Mat();
  cv.warpAffine(upright, turned, transform, new cv.Size(width, height), cv.INTER_LINEAR, cv.BORDER_REPLICATE);
  upright.delete();
  transform.delete();
  return turned;
}

function peaks({ data32F: values, cols, rows }: Mat): { x: number; y: number; score: number }[] {
  return (
    peaksOf({ values, cols, rows }, SEARCH_CONFIDENCE)
      .map(({ x, y, value }) => ({ x, y, score: Math.abs(value) }))
      // Flat places divide by nothing and come out as infinite or as garbage near 1.
      .filter(({ score }) => score <= 1.0001)
  );
}

/** The best candidates, one for each place and size. */
export function strongest(candidates: Candidate[]): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates.sort((one, other) => other.score - one.score)) {
    if (kept.length >= MAX_CANDIDATES) break;
    const size = candidate.scale * SEARCH_SIZE_PX;
    const near = kept.some(
      (other) =>
        Math.hypot(other.x - candidate.x, other.y - candidate.y) < 0.3 * size && Math.abs(Math.log(other.scale / candidate.scale)) < 0.35,
    );
    if (!near) kept.push(candidate);
  }
  return kept;
}
