/** A score and whether a person said that the picture shows the concept. */
export interface LabelledScore {
  score: number;
  positive: boolean;
}

/** Where the library's scores lie; makes the prior the same for every model's scale. */
export interface ScoreScale {
  center: number;
  spread: number;
}

/** One possible truth: probability = 1 / (1 + exp(-(slope * score + intercept))), and how well it agrees with labels and prior. */
export interface Sigmoid {
  slope: number;
  intercept: number;
}

export interface PlattFit extends Sigmoid {
  /** Draws from the posterior with their weights: what else may be true. */
  draws: (Sigmoid & { weight: number; noise: readonly [number, number] })[];
}

// In units of the library's spread from its center: positives lie above, and most pictures show no given thing. Wide, so that a concept which
// the model tells apart well is not taken for a doubtful one (bench concepts compares).
const PRIOR = { slope: 4, slopeDeviation: 4, intercept: -6, interceptDeviation: 8 };
const LEAST_SLOPE = 0.02;
const DRAWS = 512;

const logistic = (x: number): number => 1 / (1 + Math.exp(-Math.max(-300, Math.min(300, x))));

export function probabilityOf({ slope, intercept }: Sigmoid, score: number): number {
  return logistic(slope * score + intercept);
}

/**
 * Platt scaling for few labels: logistic regression of label on score with a normal prior on slope and intercept, whose posterior is sampled
 * (importance sampling from a widened Laplace approximation, with a fixed low-discrepancy sequence: the same labels give the same answer).
 */
export function fitPlatt(labels: readonly LabelledScore[], scale: ScoreScale, drawCount = DRAWS): PlattFit {
  const xs = labels.map(({ score }) => (score - scale.center) / scale.spread);
  const ys = labels.map(({ positive }) => (positive ? 1 : 0));
  const mode = findMode(xs, ys);
  const toScores = (a: number, b: number): Sigmoid => ({ slope: a / scale.spread, intercept: b - (a * scale.center) / scale.spread });
  const draws = samplePosterior(xs, ys, mode, drawCount).map(({ a, b, weight, noise }) => ({ ...toScores(a, b), weight, noise }));
  return { ...toScores(mode.a, mode.b), draws };
}

interface Mode {
  a: number;
  b: number;
  /** Second derivatives of the negative log posterior. */
  aa: number;
  ab: number;
  bb: number;
}

/** The most probable slope and intercept, by damped Newton steps; the posterior is log-concave. */
function findMode(xs: readonly number[], ys: readonly number[]): Mode {
  let a = PRIOR.slope;
  let b = PRIOR.intercept;
  for (let step = 0; ; step += 1) {
    let ga = (a - PRIOR.slope) / PRIOR.slopeDeviation ** 2;
    let gb = (b - PRIOR.intercept) / PRIOR.interceptDeviation ** 2;
    let aa = 1 / PRIOR.slopeDeviation ** 2;
    let ab = 0;
    let bb = 1 / PRIOR.interceptDeviation ** 2;
    for (const [i, x] of xs.entries()) {
      const p = logistic(a * x + b);
      const w = p * (1 - p);
      ga += (p - ys[i]!) * x;
      gb += p - ys[i]!;
      aa += w * x * x;
      ab += w * x;
      bb += w;
    }
    const determinant = aa * bb - ab * ab;
    const da = (bb * ga - ab * gb) / determinant;
    const db = (aa * gb - ab * ga) / determinant;
    const done = step >= 100 || Math.abs(da) + Math.abs(db) < 1e-9;
    if (done) return { a: Math.max(a, LEAST_SLOPE), b, aa, ab, bb };
    let factor = 1;
    const now = logPosterior(xs, ys, a, b);
    while (factor > 1e-4 && logPosterior(xs, ys, a - factor * da, b - factor * db) < now) factor /= 2;
    a -= factor * da;
    b -= factor * db;
  }
}

function logPosterior(xs: readonly number[], ys: readonly number[], a: number, b: number): number {
  let sum = -((a - PRIOR.slope) ** 2) / (2 * PRIOR.slopeDeviation ** 2) - (b - PRIOR.intercept) ** 2 / (2 * PRIOR.interceptDeviation ** 2);
  for (const [i, x] of xs.entries()) {
    const t = ys[i] === 1 ? a * x + b : -(a * x + b);
    sum -= t > 0 ? Math.log1p(Math.exp(-t)) : Math.log1p(Math.exp(t)) - t;
  }
  return sum;
}

/** The posterior's covariance is widened by this factor to draw from, and the draws weighted back. */
const WIDENING = 2;

function samplePosterior(xs: readonly number[], ys: readonly number[], mode: Mode, drawCount: number) {
  const determinant = mode.aa * mode.bb - mode.ab * mode.ab;
  // Cholesky factor of the covariance (inverse of the second derivatives), widened.
  const la = Math.sqrt((WIDENING * mode.bb) / determinant);
  const lab = (-WIDENING * mode.ab) / determinant / la;
  const lb = Math.sqrt(Math.max((WIDENING * mode.aa) / determinant - lab * lab, 1e-12));
  const drawn = Array.from({ length: drawCount }, (_, index) => {
    const [z1, z2, z3, z4] = normals(index);
    const a = mode.a + la * z1;
    const b = mode.b + lab * z1 + lb * z2;
    const log = a < LEAST_SLOPE ? Number.NEGATIVE_INFINITY : logPosterior(xs, ys, a, b) + (z1 * z1 + z2 * z2) / 2;
    return { a: Math.max(a, LEAST_SLOPE), b, log, noise: [z3, z4] as const };
  });
  const highest = drawn.reduce((top, { log }) => Math.max(top, log), Number.NEGATIVE_INFINITY);
  // All below the least slope: the labels contradict the scores; the mode alone is left.
  return drawn.map(({ a, b, log, noise }) => ({ a, b, noise, weight: highest === Number.NEGATIVE_INFINITY ? 1 : Math.exp(log - highest) }));
}

/** Root of x^5 = x + 1: its inverse powers spread points evenly in four dimensions (M. Roberts' R sequence). */
const PHI4 = 1.1673039782614187;

/** Four independent standard normal values, from point `index` of a low-discrepancy sequence (Box-Muller in pairs). */
function normals(index: number): [number, number, number, number] {
  const [u1, u2, u3, u4] = [1, 2, 3, 4].map((power) => (0.5 + (index + 1) * PHI4 ** -power) % 1) as [number, number, number, number];
  const pair = (u: number, v: number): [number, number] => {
    const radius = Math.sqrt(-2 * Math.log(1 - u));
    return [radius * Math.cos(2 * Math.PI * v), radius * Math.sin(2 * Math.PI * v)];
  };
  return [...pair(u1, u2), ...pair(u3, u4)];
}
