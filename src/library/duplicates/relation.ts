import type { Turn } from '../../engines/pixels/turn.js';
import type { CropMatch, FrameMatch, TurnMatch } from '../../engines/pixels/alignment.js';

/** Nearest first. */
export const RELATIONS = [
  ...(['SAME_PIXELS', 'REENCODED', 'RESIZED', 'GREYSCALE', 'MIRRORED', 'ROTATED', 'CROPPED', 'RECOLORED', 'OTHER_SHOT'] as const),
] as const;
export type Relation = (typeof RELATIONS)[number];

/** What is known of two pictures before they are told apart. */
export interface PairEvidence {
  samePixels: boolean;
  sameSize: boolean;
  frames: FrameMatch;
  /** Looks for the way in which one has to be turned to be like the other. */
  turn: () => TurnMatch | null;
  /** Looks for one in the other; takes longer than all the rest, so it is only asked where it can decide. */
  crop: () => CropMatch | null;
  /** Standard deviations that the other is nearer than the library is on average, by embedding; null where the library is too small. */
  nearness: number | null;
}

export interface FoundRelation {
  relation: Relation;
  /** As wholes; where one is turned, as they compare then. */
  frames: FrameMatch;
  turn: Turn | null;
  crop: CropMatch | null;
}

// Drawn families (bench/variants.js), 60 each: re-encoded and resized ones have lightness from 0.93 and edges from 0.88, other shots of the
// scene lightness up to 0.86; crops fit with 0.91 in 95 of 100 cases, unrelated pictures with at most 0.89.
const SAME_FRAME = { lightness: 0.9, edges: 0.86 };
const SAME_EDGES = 0.94;
const SAME_COLORS = 7;
/** Edges of a turned picture fit better by more than chance. */
const CLEARLY_NEARER = 0.03;
const SAME_PLAIN_COLORS = 3;
/** Below this deviation of lightness edges agree by chance. */
const MIN_STRUCTURE = 6;
const CROP = { lightness: 0.9, colorDistance: 12 };
/** A part of a picture still resembles it; what does not is not searched. */
const MIN_CROP_NEARNESS = 1;
const NEAR = 2.5;

/** How two pictures are related, or null: not at all. */
export function relationOf({ samePixels, sameSize, frames, turn, crop, nearness }: PairEvidence): FoundRelation | null {
  const found = (relation: Relation) => ({ relation, frames, turn: null, crop: null });
  if (samePixels) return found('SAME_PIXELS');
  const sameFrame = sameSize ? 'REENCODED' : 'RESIZED';
  if (frames.structure < MIN_STRUCTURE) return frames.colorDistance <= SAME_PLAIN_COLORS ? found(sameFrame) : null;
  const isSame = isSameFrame(frames) || frames.edges >= SAME_EDGES;
  // A mirrored picture of something symmetric resembles it either way.
  const turning = isSame && frames.edges >= SAME_EDGES ? null : turn();
  if (turning !== null && isSameFrame(turning.frames) && (!isSame || turning.frames.edges > frames.edges + CLEARLY_NEARER))
    return { ...turning, relation: turning.turn.mirrored ? 'MIRRORED' : 'ROTATED', crop: null };
  if (isSame) {
    if (frames.oneIsGrey) return found('GREYSCALE');
    return found(frames.colorDistance <= SAME_COLORS ? sameFrame : 'RECOLORED');
  }
  if (nearness !== null && nearness < MIN_CROP_NEARNESS) return null;
  const part = crop();
  if (part !== null && part.lightness >= CROP.lightness && part.colorDistance <= CROP.colorDistance)
    return { ...found('CROPPED'), crop: part };
  return nearness !== null && nearness >= NEAR ? found('OTHER_SHOT') : null;
}

function isSameFrame({ lightness, edges }: FrameMatch): boolean {
  return lightness >= SAME_FRAME.lightness && edges >= SAME_FRAME.edges;
}
