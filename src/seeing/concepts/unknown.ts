/** What a model says about one picture: logit_scale * cosine of each label and of each rival. */
export interface Logits {
  labels: readonly number[];
  rivals: readonly number[];
}

/** ln of the sum of the exponentials. */
export function logSum(values: readonly number[]): number {
  const highest = values.reduce((top, value) => Math.max(top, value), Number.NEGATIVE_INFINITY);
  if (highest === Number.NEGATIVE_INFINITY) return highest;
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}

/**
 * How far words that have nothing to do with a picture come by chance: each rival takes its turn as the label, on each picture of a sample, and
 * its margin over the other rivals (without those left out for it) is kept. The picture's best rival, and what means nearly the same, are not
 * asked: that one may well be what the picture shows.
 * @param leftOut for each rival, the places of those that mean nearly the same, itself among them
 * @returns margins, ascending
 */
export function chanceMargins(pictures: readonly (readonly number[])[], leftOut: readonly ReadonlySet<number>[]): Float64Array {
  const margins: number[] = [];
  for (const rivals of pictures) {
    const best = rivals.reduce((top, value, index) => (value > (rivals[top] as number) ? index : top), 0);
    const highest = rivals[best] as number;
    const parts = rivals.map((value) => Math.exp(value - highest));
    for (const [index, out] of leftOut.entries()) {
      if (leftOut[best]?.has(index)) continue;
      let rest = 0;
      for (const [other, part] of parts.entries()) if (!out.has(other)) rest += part;
      margins.push((rivals[index] as number) - highest - Math.log(Math.max(rest, Number.MIN_VALUE)));
    }
  }
  return Float64Array.from(margins).sort();
}

/** Shares between which the upper tail of the margins is read; beyond the second, second-best rivals that do fit would decide. */
const TAIL = { from: 0.1, to: 0.02 };

/**
 * The margin that the best of `labelCount` unrelated labels passes in `falseRate` of the cases: the quantile for falseRate / labelCount
 * (Bonferroni), beyond the tail's end carried on as an exponential. Infinity without a sample: nothing is known then.
 */
export function marginAt(margins: Float64Array, falseRate: number, labelCount: number): number {
  if (margins.length === 0) return Number.POSITIVE_INFINITY;
  const at = (share: number) => margins[Math.min(Math.ceil((1 - share) * margins.length), margins.length - 1)] as number;
  const share = falseRate / labelCount;
  if (share >= TAIL.to) return at(share);
  return at(TAIL.from) + ((at(TAIL.to) - at(TAIL.from)) / Math.log(TAIL.from / TAIL.to)) * Math.log(TAIL.from / share);
}

export interface Classified {
  /** Place of the best label. */
  best: number;
  isUnknown: boolean;
  probabilities: number[];
  unknownProbability: number;
  /** Of the best label over the rivals. */
  margin: number;
}

/**
 * One picture's answer. CLIP: softmax over the labels and one more class, "something else", which holds all rivals together and is moved by
 * `cut`, so that it equals the best label just where that passes for known. SigLIP: each label's own sigmoid; the cut decides all the same.
 */
export function classify({ labels, rivals }: Logits, cut: number, sigmoidBias: number | null): Classified {
  const best = labels.reduce((top, value, index) => (value > (labels[top] as number) ? index : top), 0);
  const against = logSum(rivals);
  const margin = (labels[best] as number) - against;
  const isUnknown = !(margin >= cut);
  if (sigmoidBias !== null) {
    const probabilities = labels.map((value) => 1 / (1 + Math.exp(-(value + sigmoidBias))));
    return { best, isUnknown, margin, probabilities, unknownProbability: probabilities.reduce((none, p) => none * (1 - p), 1) };
  }
  const other = against + (Number.isFinite(cut) ? cut : 0);
  const total = logSum([...labels, other]);
  return {
    best,
    isUnknown,
    margin,
    probabilities: labels.map((value) => Math.exp(value - total)),
    unknownProbability: Math.exp(other - total),
  };
}
