import { rateRatio, weightedEstimate, wilson } from '../../../src/seeing/concepts/interval.js';
import { fitPlatt, type LabelledScore, probabilityOf } from '../../../src/seeing/concepts/platt.js';
import { chooseThreshold, crossValidate, type ScoreBin, scaleOf } from '../../../src/seeing/concepts/threshold.js';
import { createRandom } from '../../../src/program/samples/random.js';

/** A library whose pictures show the concept by a known sigmoid of the score, on a scale of some model's. */
function library(seed: number, { size = 2000, stretch = 1, shift = 0, intercept = -6, slope = 2.5 } = {}) {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const pictures = Array.from({ length: size }, () => {
    const x = normal() + (random.chance(0.1) ? 2 : 0);
    return { score: x * stretch + shift, positive: random.chance(1 / (1 + Math.exp(-(slope * x + intercept)))) };
  });
  const sorted = [...pictures].sort((a, b) => a.score - b.score);
  const bins: ScoreBin[] = [];
  for (let at = 0; at < size; at += 20) {
    const group = sorted.slice(at, at + 20);
    bins.push({ lowest: group[0]!.score, mean: group.reduce((sum, { score }) => sum + score, 0) / group.length, count: group.length });
  }
  return { pictures, sorted, bins, random };
}

/** Labels as the suggestions ask for them: the strongest, and some at random; more than that where none is positive. */
function label({ sorted, random }: ReturnType<typeof library>, count: number): LabelledScore[] {
  const strongest = sorted.slice(-count);
  const labels = [
    ...random.shuffle(strongest).slice(0, Math.ceil((2 * count) / 3)),
    ...random.shuffle(sorted).slice(0, Math.floor(count / 3)),
  ];
  return labels;
}

describe('a fit of few labels', () => {
  it('is the same on every scale that a model may have', () => {
    const labels = [1, 2, 2.5, 3, 3.5].map((score, index) => ({ score, positive: index > 2 }));
    const one = fitPlatt(labels, { center: 0, spread: 1 });
    const other = fitPlatt(
      labels.map(({ score, positive }) => ({ score: score * 40 - 700, positive })),
      { center: -700, spread: 40 },
    );
    for (const score of [0, 2, 4]) expect(probabilityOf(other, score * 40 - 700)).toBeCloseTo(probabilityOf(one, score), 6);
  });

  it('comes near the truth with many labels, and stays finite where the labels are apart or contradict the scores', () => {
    const { pictures, bins } = library(1, { size: 20_000 });
    const fit = fitPlatt(pictures.slice(0, 5000), scaleOf(bins));
    for (const x of [1, 2, 3]) expect(probabilityOf(fit, x)).toBeCloseTo(1 / (1 + Math.exp(-(2.5 * x - 6))), 1);
    for (const flip of [false, true]) {
      const apart = [-2, -1, 1, 2].map((score) => ({ score, positive: score > 0 !== flip }));
      const { slope, intercept, draws } = fitPlatt(apart, { center: 0, spread: 1 });
      expect([slope > 0, Number.isFinite(intercept), draws.every(({ weight }) => Number.isFinite(weight))]).toEqual([true, true, true]);
    }
  });
});

describe('a threshold from 20 labels', () => {
  it.each([
    ['PRECISION', 0.8, { intercept: -5 }],
    ['RECALL', 0.8, { intercept: -5 }],
    ['RECALL', 0.9, { intercept: -3, stretch: 25, shift: -400 }],
  ] as const)('says what to expect of %s %s, and the truth is within its interval', (kind, value, shape) => {
    let inside = 0;
    let all = 0;
    for (let seed = 1; seed <= 15; seed += 1) {
      const made = library(seed * 7919, shape);
      const labels = label(made, 20);
      const fit = fitPlatt(labels, scaleOf(made.bins));
      const { isReached, probability, precision, recall, matches } = chooseThreshold(fit, made.bins, { kind, value });
      if (isReached) expect((kind === 'PRECISION' ? precision : recall).value).toBeGreaterThan(value - 0.05);
      const over = made.pictures.filter(({ score }) => probabilityOf(fit, score) >= probability);
      expect(over.length).toBe(matches);
      const found = over.filter(({ positive }) => positive).length;
      const real = { precision: found / over.length, recall: found / made.pictures.filter(({ positive }) => positive).length };
      for (const [estimate, truth] of [
        [precision, real.precision],
        [recall, real.recall],
      ] as const) {
        all += 1;
        if (truth >= estimate.low && truth <= estimate.high) inside += 1;
      }
    }
    // Nominally 95 in 100; twenty labels and a prior that fits no library exactly cost some.
    expect(inside / all).toBeGreaterThan(0.85);
  });

  it('says so when the target cannot be reached, and gives the nearest', () => {
    const { bins } = library(3, { slope: 0.1, intercept: -2 });
    const labels = Array.from({ length: 40 }, (_, n) => ({ score: (n % 8) / 4, positive: n % 5 === 0 }));
    const chosen = chooseThreshold(fitPlatt(labels, scaleOf(bins)), bins, { kind: 'PRECISION', value: 0.99 });
    expect(chosen.isReached).toBe(false);
    expect(chosen.precision.value).toBeLessThan(0.9);
    expect(chosen.matches).toBeGreaterThan(0);
  });

  it('checks itself on labels that a fit has not seen', () => {
    const made = library(5);
    const labels = label(made, 60);
    const scale = scaleOf(made.bins);
    const { brierScore, precision, recall } = crossValidate(labels, scale, 0.5);
    const share = labels.filter(({ positive }) => positive).length / labels.length;
    expect(brierScore).toBeLessThan(share * (1 - share));
    expect(precision!.low).toBeLessThanOrEqual(precision!.value);
    expect(recall!.high).toBeLessThanOrEqual(1);
    expect(crossValidate(labels, scale, 1).precision).toBeNull();
  });
});

describe('intervals', () => {
  it('are those of Wilson', () => {
    // 8 of 10: Newcombe 1998's method 3.
    expect(wilson(8, 10)).toMatchObject({ value: 0.8, low: expect.closeTo(0.4902, 3), high: expect.closeTo(0.9433, 3) });
    expect(wilson(0, 5)).toMatchObject({ low: 0, high: expect.closeTo(0.4345, 3) });
    expect(wilson(5, 5)).toMatchObject({ low: expect.closeTo(0.5655, 3), high: 1 });
    expect(wilson(0, 0)).toBeNull();
  });

  it('of ratios are those of Katz, and finite without cases', () => {
    // ln RR ± 1.96 · sqrt(1/30 - 1/100 + 1/15 - 1/100)
    expect(rateRatio(30, 100, 15, 100)).toMatchObject({ value: 2, low: expect.closeTo(1.1489, 3), high: expect.closeTo(3.4817, 3) });
    const none = rateRatio(0, 50, 10, 50)!;
    expect(none.value).toBeLessThan(0.1);
    expect([none.low > 0, Number.isFinite(none.high)]).toEqual([true, true]);
    expect(rateRatio(1, 2, 0, 0)).toBeNull();
  });

  it('of weighted values hold the middle', () => {
    expect(weightedEstimate([3, 1, 2], [1, 1, 2])).toEqual({ value: 2, low: 1, high: 3 });
    expect(weightedEstimate([1, 5], [1, 0])).toEqual({ value: 1, low: 1, high: 1 });
  });
});
