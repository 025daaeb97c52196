import { type Estimate, weightedEstimate, wilson } from './interval.js';
import { fitPlatt, type LabelledScore, type PlattFit, probabilityOf, type ScoreScale } from './platt.js';

/** Pictures of the library with nearly the same score. */
export interface ScoreBin {
  lowest: number;
  mean: number;
  count: number;
}

export interface Target {
  kind: 'PRECISION' | 'RECALL';
  value: number;
}

export interface Threshold {
  /** Probability from which a picture counts. */
  probability: number;
  isReached: boolean;
  /** Pictures of the library at or over it. */
  matches: number;
  precision: Estimate;
  recall: Estimate;
}

/** Center and spread of the library's scores: median, and the middle 90% as of a normal distribution. */
export function scaleOf(bins: readonly ScoreBin[]): ScoreScale {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const quantile = (share: number): number => {
    let sum = 0;
    for (const bin of bins) {
      sum += bin.count;
      if (sum >= share * total) return bin.mean;
    }
    return bins.at(-1)?.mean ?? 0;
  };
  return { center: quantile(0.5), spread: Math.max((quantile(0.95) - quantile(0.05)) / 3.29, 1e-6) };
}

/**
 * The threshold that reaches the target over the whole library, as the fit expects it: the lowest with the wanted precision, the highest with
 * the wanted recall; the nearest to it where none does. The intervals hold both what the labels leave open about the fit and the chance in
 * which pictures this library happens to hold. Labels may have been chosen by score: the fit conditions on it.
 */
export function chooseThreshold(fit: PlattFit, bins: readonly ScoreBin[], target: Target): Threshold {
  const curves = fit.draws.map((draw) => curveOf(draw, bins));
  const weights = fit.draws.map(({ weight }) => weight);
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
  const expected = (at: number, kind: Target['kind']): number =>
    curves.reduce((sum, curve, d) => sum + weights[d]! * (kind === 'PRECISION' ? curve.precision[at]! : curve.recall[at]!), 0) /
    totalWeight;
  const places = bins.map((_, index) => index);
  const fitting = places.filter((at) => expected(at, target.kind) >= target.value);
  const best = (): number =>
    target.kind === 'RECALL' ? 0 : places.reduce((top, at) => (expected(at, 'PRECISION') > expected(top, 'PRECISION') ? at : top), 0);
  const at = fitting.length === 0 ? best() : target.kind === 'PRECISION' ? fitting[0]! : fitting.at(-1)!;
  const matches = bins.slice(at).reduce((sum, bin) => sum + bin.count, 0);
  const outcome = fit.draws.map(({ noise }, d) => realize(curves[d]!, at, matches, noise));
  return {
    // A hair below, so that the picture on the edge is in however the database rounds.
    probability: Math.min(Math.max(probabilityOf(fit, bins[at]!.lowest) * (1 - 1e-9), 1e-12), 1),
    isReached: fitting.length > 0,
    matches,
    precision: weightedEstimate(
      outcome.map(({ precision }) => precision),
      weights,
    ),
    recall: weightedEstimate(
      outcome.map(({ recall }) => recall),
      weights,
    ),
  };
}

interface Curve {
  precision: Float64Array;
  recall: Float64Array;
  /** Expected positives at or over each bin, and their variance. */
  positives: Float64Array;
  variance: Float64Array;
  all: number;
  allVariance: number;
}

function curveOf(sigmoid: { slope: number; intercept: number }, bins: readonly ScoreBin[]): Curve {
  const [positives, variance, precision, recall] = Array.from({ length: 4 }, () => new Float64Array(bins.length));
  let [count, sum, squares] = [0, 0, 0];
  for (let at = bins.length - 1; at >= 0; at -= 1) {
    const bin = bins[at]!;
    const p = probabilityOf(sigmoid, bin.mean);
    count += bin.count;
    sum += bin.count * p;
    squares += bin.count * p * (1 - p);
    positives![at] = sum;
    variance![at] = squares;
    precision![at] = sum / count;
  }
  for (let at = 0; at < bins.length; at += 1) recall![at] = sum === 0 ? 1 : positives![at]! / sum;
  return { precision: precision!, recall: recall!, positives: positives!, variance: variance!, all: sum, allVariance: squares };
}

/** How it may come out: positives found and missed, each with the chance of its sum. */
function realize(curve: Curve, at: number, matches: number, [z1, z2]: readonly [number, number]) {
  const within = (value: number, high: number): number => Math.max(0, Math.min(high, value));
  const found = within(curve.positives[at]! + Math.sqrt(curve.variance[at]!) * z1, matches);
  const missed = Math.max(0, curve.all - curve.positives[at]! + Math.sqrt(Math.max(0, curve.allVariance - curve.variance[at]!)) * z2);
  return { precision: found / matches, recall: found + missed === 0 ? 1 : found / (found + missed) };
}

export interface Check {
  /** Of the labelled pictures over the threshold, those that show the concept. */
  precision: Estimate | null;
  /** Of the labelled pictures that show it, those over the threshold. */
  recall: Estimate | null;
  /** Mean squared error of the probabilities; 0 is perfect. */
  brierScore: number;
}

/** Most groups that are left out in turn; with fewer labels each is left out alone. */
const MAX_FOLDS = 50;

/** Each label is judged by a fit that has not seen it. */
export function crossValidate(labels: readonly LabelledScore[], scale: ScoreScale, threshold: number): Check {
  const folds = Math.min(labels.length, MAX_FOLDS);
  let [found, flagged, positives, error] = [0, 0, 0, 0];
  for (let fold = 0; fold < folds; fold += 1) {
    const fit = fitPlatt(
      labels.filter((_, index) => index % folds !== fold),
      scale,
      0,
    );
    for (const { score, positive } of labels.filter((_, index) => index % folds === fold)) {
      const p = probabilityOf(fit, score);
      error += (p - (positive ? 1 : 0)) ** 2;
      if (positive) positives += 1;
      if (p < threshold) continue;
      flagged += 1;
      if (positive) found += 1;
    }
  }
  return { precision: wilson(found, flagged), recall: wilson(found, positives), brierScore: error / labels.length };
}
