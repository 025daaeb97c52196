import type { MarkTemplate } from './mark-finder.js';
import { marginOf } from './mark-template.js';
import type { Mat, OpenCv } from '../pixels/open-cv.js';
import { lumaOf, type RawPicture } from '../pixels/raw-picture.js';
import { peaksOf } from '../pixels/peaks.js';
import { FIELD_PAD_PX, respond, scaledFields, type ScaledField, templatesOf } from './watermark-field.js';
import { type Fit, halvesOf, layOver, type Placement } from './watermark-fit.js';
import { opacityAt } from './watermark-opacity.js';
import { findTiling } from './watermark-tiling.js';

/** A watermark found in a picture. Boxes are shares of the picture's width and height, 0 to 1. */
export interface WatermarkSighting {
  markId: string;
  /** Share of the mark's outline that is there, 0 to 1. */
  confidence: number;
  /** One a repeat, those inside the picture, the surest first; at most {@link MAX_BOXES}. */
  boxes: { left: number; top: number; width: number; height: number }[];
  /** Pixels of the picture along the mark's own width and height, once. */
  widthPx: number;
  heightPx: number;
  rotationDeg: number;
  /** 0 to 1, where the mark's own colours are laid over the ground; null where the colours are others, or too near the ground's. */
  opacity: number | null;
}

/** Below this nothing is told: pictures without the mark reach it often (bench watermarks). */
export const MIN_WATERMARK_CONFIDENCE = 0.4;
export const MAX_BOXES = 60;

/** Square roots of a template's area while searching, while candidates are compared, and while the best are measured. */
const COARSE_PX = 30;
const ROUGH_PX = 48;
const FINE_PX = 96;
/** The smallest mark, as a share of the picture's long edge. */
const SMALLEST = 0.055;
const STEP = 1.06;
const CANDIDATES = 16;
const FINALISTS = 4;
/** Cover of another place, as a share of the first one's, from which it counts as a repeat. */
const LIKE_THE_FIRST = 0.65;
/** Repeats that are looked at together while measuring. */
const SAMPLE = 9;

/**
 * Finds faint marks, laid over a picture once or many times, upright, at any size: outlines are compared by the direction of their slopes
 * and nearly whatever their strength, and where the response repeats itself, all repeats as one. For pictures of at most about 1,024 pixels.
 */
export function findWatermarks(cv: OpenCv, picture: RawPicture, marks: readonly MarkTemplate[]): WatermarkSighting[] {
  if (marks.length === 0) return [];
  const luma = cv.matFromArray(picture.height, picture.width, cv.CV_32FC1, Float32Array.from(lumaOf(picture)));
  const levels = halvesOf(cv, luma);
  const fields = scaledFields(cv, luma, { size: COARSE_PX, smallest: SMALLEST, step: STEP });
  try {
    return marks
      .flatMap((mark) => look(cv, levels, fields, mark.picture).map((found) => describe(picture, mark, found)))
      .filter(({ boxes }) => boxes.length > 0)
      .sort((one, other) => other.confidence - one.confidence);
  } finally {
    for (const { field, energy } of fields) {
      field.delete();
      energy.delete();
    }
    for (const level of levels) level.delete();
  }
}

/** What is sure enough to be told of, each place once. */
function look(cv: OpenCv, levels: readonly Mat[], fields: readonly ScaledField[], mark: RawPicture): Fit[] {
  const { singles, tilings } = candidates(cv, fields, mark);
  const compared = [...tilings, ...singles].map((placement) => rough(cv, levels, mark, placement));
  const best = compared
    .sort((one, other) => other.score - one.score)
    .slice(0, FINALISTS)
    .map(({ placement }) => refine(cv, levels, mark, placement))
    .filter(isFound)
    .sort((one, other) => other.cover - one.cover);
  const kept: Fit[] = [];
  for (const found of best) {
    if (found.cover < LIKE_THE_FIRST * best[0]!.cover) continue;
    if (kept.some((other) => alike(found.placement, other.placement))) continue;
    kept.push(found.placement.places.length > 1 ? found : withRepeats(cv, levels, fields, mark, found));
  }
  return kept;
}

/** Many faint repeats may lack what one must show, as their places are known to a pixel or two: their sum fits all the better. */
function isFound({ cover, score, agreement, placement }: Fit): boolean {
  if (placement.places.length === 1) return cover >= MIN_WATERMARK_CONFIDENCE;
  return score >= MIN_WATERMARK_CONFIDENCE && cover >= 0.75 * MIN_WATERMARK_CONFIDENCE && agreement > 0.5;
}

/** Whether both say the same: a place in common, and about the same size. */
function alike(one: Placement, other: Placement): boolean {
  const near = Math.min(one.sizePx, other.sizePx) * 0.35;
  return one.places.some((a) => other.places.some((b) => Math.hypot(a.x - b.x, a.y - b.y) < near));
}

function candidates(cv: OpenCv, fields: readonly ScaledField[], mark: RawPicture): { singles: Placement[]; tilings: Placement[] } {
  const found: (Placement & { value: number })[] = [];
  const responses = templatesOf(mark, COARSE_PX).flatMap((template) =>
    fields
      .filter(({ field }) => field.cols >= template.width && field.rows >= template.height)
      .map(({ scale, ...rest }) => {
        const response = respond(cv, { scale, ...rest }, template);
        const sizePx = scale * Math.sqrt(template.width * template.height);
        const placeOf = ({ x, y }: { x: number; y: number }) => ({
          x: (x - FIELD_PAD_PX + template.width / 2) * scale,
          y: (y - FIELD_PAD_PX + template.height / 2) * scale,
        });
        for (const { value, ...at } of peaksOf(response, 0.15))
          found.push({ value: Math.abs(value), places: [placeOf(at)], sizePx, rotationDeg: 0, sign: value < 0 ? -1 : 1 });
        return { response, template, sizePx, placeOf };
      }),
  );
  const singles: Placement[] = [];
  for (const one of found.sort((a, b) => b.value - a.value)) {
    if (singles.length >= CANDIDATES) break;
    const [place] = one.places;
    const known = singles.some(
      ({ places: [other], sizePx }) =>
        Math.hypot(place!.x - other!.x, place!.y - other!.y) < 0.25 * one.sizePx && Math.abs(Math.log(sizePx / one.sizePx)) < 0.3,
    );
    if (!known) singles.push(one);
  }
  const tilings = responses
    .sort((one, other) => Math.abs(other.response.skew) - Math.abs(one.response.skew))
    .slice(0, 4)
    .flatMap(({ response, template, sizePx, placeOf }) => {
      const tiling = findTiling(cv, response, { x: 0.6 * template.width, y: 0.6 * template.height });
      return tiling ? [{ places: tiling.places.map(placeOf), sizePx, rotationDeg: 0, sign: tiling.sign }] : [];
    });
  return { singles, tilings };
}

function rough(cv: OpenCv, levels: readonly Mat[], mark: RawPicture, placement: Placement): Fit {
  const sampled = { ...placement, places: sample(placement.places, SAMPLE) };
  return templatesOf(mark, sizeFor(placement, ROUGH_PX))
    .flatMap((template) =>
      [1, 0.98, 1.02].map((change) => ({
        change,
        fit: layOver(cv, levels, template, { ...sampled, sizePx: placement.sizePx * change }, 2),
      })),
    )
    .sort((one, other) => other.fit.score - one.fit.score)
    .map(({ fit: best }) => ({ ...best, placement: movedLike(placement, sampled, best) }))[0]!;
}

/** Size and a turn of a few degrees, step by step. */
function refine(cv: OpenCv, levels: readonly Mat[], mark: RawPicture, placement: Placement): Fit {
  const sampled = { ...placement, places: sample(placement.places, SAMPLE) };
  const [start] = templatesOf(mark, sizeFor(placement, FINE_PX))
    .map((template) => ({ template, first: layOver(cv, levels, template, sampled) }))
    .sort((one, other) => other.first.score - one.first.score);
  const { template, first } = start!;
  let best = first;
  const tryChange = (change: Partial<Placement>) => {
    const tried = layOver(cv, levels, template, { ...best.placement, ...change });
    const better = tried.score > best.score;
    if (better) best = tried;
    return better;
  };
  for (const step of [0.05, 0.025, 0.0125]) {
    const { sizePx, rotationDeg } = best.placement;
    if (!tryChange({ sizePx: sizePx * (1 - step) })) tryChange({ sizePx: sizePx * (1 + step) });
    if (!tryChange({ rotationDeg: rotationDeg - 40 * step })) tryChange({ rotationDeg: rotationDeg + 40 * step });
  }
  return { ...best, placement: movedLike(placement, sampled, best) };
}

function sizeFor({ sizePx }: Placement, most: number): number {
  return Math.max(COARSE_PX, Math.min(most, sizePx));
}

function sample<T>(list: readonly T[], most: number): readonly T[] {
  return list.length <= most ? list : Array.from({ length: most }, (_, n) => list[Math.floor((n * list.length) / most)]!);
}

/** All places moved as those that were sampled. */
function movedLike(placement: Placement, before: Placement, { placement: after }: Fit): Placement {
  const shift = { x: after.places[0]!.x - before.places[0]!.x, y: after.places[0]!.y - before.places[0]!.y };
  return { ...after, places: placement.places.map(({ x, y }) => ({ x: x + shift.x, y: y + shift.y })) };
}

/** Other places of the same size that fit as well: a mark that was found once is often there again. */
function withRepeats(cv: OpenCv, levels: readonly Mat[], fields: readonly ScaledField[], mark: RawPicture, found: Fit): Fit {
  const { sizePx, sign, rotationDeg } = found.placement;
  const [template] = templatesOf(mark, COARSE_PX);
  const area = Math.sqrt(template!.width * template!.height);
  const [field] = [...fields].sort(
    (one, other) => Math.abs(Math.log((one.scale * area) / sizePx)) - Math.abs(Math.log((other.scale * area) / sizePx)),
  );
  if (field === undefined || field.field.cols < template!.width || field.field.rows < template!.height) return found;
  const response = respond(cv, field, template!);
  const finer = templatesOf(mark, sizeFor(found.placement, ROUGH_PX))[0]!;
  const places = [...found.placement.places];
  for (const { x, y } of peaksOf(response, 0.2)
    .filter(({ value }) => Math.sign(value) === sign)
    .sort((one, other) => Math.abs(other.value) - Math.abs(one.value))
    .slice(0, MAX_BOXES)) {
    const at = { x: (x - FIELD_PAD_PX + template!.width / 2) * field.scale, y: (y - FIELD_PAD_PX + template!.height / 2) * field.scale };
    if (places.some((other) => Math.abs(other.x - at.x) < 0.35 * sizePx && Math.abs(other.y - at.y) < 0.35 * sizePx)) continue;
    const again = layOver(cv, levels, finer, { places: [at], sizePx, sign, rotationDeg }, 2);
    if (again.cover >= Math.max(MIN_WATERMARK_CONFIDENCE, LIKE_THE_FIRST * found.cover)) places.push(...again.placement.places);
  }
  return { ...found, placement: { ...found.placement, places } };
}

function describe(picture: RawPicture, mark: MarkTemplate, { cover, score, placement }: Fit): WatermarkSighting {
  const margin = marginOf(mark.picture);
  const full = { width: mark.picture.width + 2 * margin, height: mark.picture.height + 2 * margin };
  const unit = placement.sizePx / Math.sqrt(full.width * full.height);
  const [widthPx, heightPx] = [mark.picture.width * unit, mark.picture.height * unit];
  const [cos, sin] = [Math.cos((placement.rotationDeg * Math.PI) / 180), Math.sin((placement.rotationDeg * Math.PI) / 180)];
  const [reachX, reachY] = [
    (widthPx * Math.abs(cos) + heightPx * Math.abs(sin)) / 2,
    (widthPx * Math.abs(sin) + heightPx * Math.abs(cos)) / 2,
  ];
  const boxes = placement.places.slice(0, MAX_BOXES).flatMap(({ x, y }) => {
    const [left, right] = [Math.max(0, x - reachX), Math.min(picture.width, x + reachX)];
    const [top, bottom] = [Math.max(0, y - reachY), Math.min(picture.height, y + reachY)];
    if (right - left < reachX || bottom - top < reachY) return [];
    return [
      {
        left: left / picture.width,
        top: top / picture.height,
        width: (right - left) / picture.width,
        height: (bottom - top) / picture.height,
      },
    ];
  });
  return {
    markId: mark.id,
    confidence: Math.min(1, placement.places.length > 1 ? Math.max(cover, score) : cover),
    boxes,
    widthPx,
    heightPx,
    rotationDeg: placement.rotationDeg,
    opacity: opacityAt(picture, mark.picture, placement, unit),
  };
}
