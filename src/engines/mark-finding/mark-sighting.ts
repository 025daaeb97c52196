import type { MarkColor } from './mark-measures.js';

/** A place where a mark was found. Lengths and points are shares of the picture's width and height, 0 to 1. */
export interface MarkSighting {
  markId: string;
  /** Normalised correlation of the place, brought upright, with the mark: 0 to 1. */
  confidence: number;
  box: { left: number; top: number; width: number; height: number };
  /** Pixels of the picture along the mark's own width and height. */
  widthPx: number;
  heightPx: number;
  /** Clockwise, -180 to 180. */
  rotationDeg: number;
  /** Width against height compared with the mark's own proportions: 1 undistorted, 1.2 a fifth too wide. */
  stretch: number;
  /** Median colour of each of the mark's colours at this place, `#rrggbb`, beside the colour it should have. */
  colors: MarkColor[];
  /** Plain space around the box, in heights of the mark, to the nearest content or edge; null on a ground that is itself busy. */
  clearSpace: number | null;
  /** All places of a watermark, `box` first; of another mark that one. */
  boxes: MarkSighting['box'][];
  /** Of watermarks, 0 to 1: see `WatermarkSighting`. */
  opacity: number | null;
}

export function mostConfidentFirst(sightings: readonly MarkSighting[]): MarkSighting[] {
  return [...sightings].sort((one, other) => other.confidence - one.confidence);
}

/** Of sightings that cover each other the most confident stays, whichever mark it is of. */
export function withoutOverlap(sightings: readonly MarkSighting[]): MarkSighting[] {
  const kept: MarkSighting[] = [];
  for (const sighting of mostConfidentFirst(sightings)) {
    if (kept.every((other) => overlap(sighting.box, other.box) < 0.3)) kept.push(sighting);
  }
  return kept;
}

/** Shared area as a share of the smaller box. */
function overlap(one: MarkSighting['box'], other: MarkSighting['box']): number {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / Math.min(one.width * one.height, other.width * other.height);
}
