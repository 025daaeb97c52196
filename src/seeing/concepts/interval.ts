/** A share with its 95% interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

const Z95 = 1.959964;

/** A share counted in `trials` independent cases, with Wilson's score interval (95%); null without cases. */
export function wilson(hits: number, trials: number): Estimate | null {
  if (trials === 0) return null;
  const share = hits / trials;
  const z2 = Z95 ** 2;
  const centre = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Z95 / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials ** 2));
  return { value: share, low: hits === 0 ? 0 : centre - half, high: hits === trials ? 1 : centre + half };
}

/** Bounds of the standard normal for 95% over one comparison, and over several at once (Bonferroni). */
function z95Of(comparisons: number): number {
  // Hastings' rational approximation of the upper quantile (Abramowitz and Stegun 26.2.23), error below 4.5e-4.
  const t = Math.sqrt(-2 * Math.log(0.025 / comparisons));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
}

/**
 * Ratio of two shares with Katz's log interval (95%, over all of `comparisons` at once); half a case is added everywhere when a count is 0 or whole, so that it stays finite.
 * Null where a group is empty.
 */
export function rateRatio(hits: number, trials: number, otherHits: number, otherTrials: number, comparisons = 1): Estimate | null {
  if (trials === 0 || otherTrials === 0) return null;
  const extreme = hits === 0 || otherHits === 0 || hits === trials || otherHits === otherTrials;
  const add = extreme ? 0.5 : 0;
  const [a, n, b, m] = [hits + add, trials + 2 * add, otherHits + add, otherTrials + 2 * add];
  const ratio = a / n / (b / m);
  const error = Math.sqrt(1 / a - 1 / n + 1 / b - 1 / m);
  const z = comparisons === 1 ? Z95 : z95Of(comparisons);
  return { value: ratio, low: ratio * Math.exp(-z * error), high: ratio * Math.exp(z * error) };
}

/** The middle 95% of weighted values around their mean. */
export function weightedEstimate(values: readonly number[], weights: readonly number[]): Estimate {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const quantile = (share: number): number => {
    let sum = 0;
    for (const index of order) {
      sum += weights[index]!;
      if (sum >= share * total) return values[index]!;
    }
    return values[order.at(-1)!]!;
  };
  const value = values.reduce((sum, one, index) => sum + one * weights[index]!, 0) / total;
  const [low, high] = [quantile(0.025), quantile(0.975)];
  // A mean may lie outside where nearly all the weight is on one value.
  return { value, low: Math.min(low, value), high: Math.max(high, value) };
}
