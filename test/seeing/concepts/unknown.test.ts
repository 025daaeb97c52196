import { chanceMargins, classify, logSum, marginAt } from '../../../src/seeing/concepts/unknown.js';
import { createRandom } from '../../../src/program/samples/random.js';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('the answer about one picture', () => {
  it('is a softmax over the labels and something else, which ties with the best label just at the cut', () => {
    const logits = { labels: [5, 3], rivals: [4, 4, 2] };
    const margin = 5 - logSum(logits.rivals);
    const at = classify(logits, margin, null);
    expect(at.isUnknown).toBe(false);
    expect(at.probabilities[0]).toBeCloseTo(at.unknownProbability, 9);
    expect(sum(at.probabilities) + at.unknownProbability).toBeCloseTo(1, 9);
    expect(classify(logits, margin + 1e-6, null).isUnknown).toBe(true);
  });

  it('does not depend on a constant that a model adds to every cosine', () => {
    const near = classify({ labels: [5, 3], rivals: [4, 2] }, 0, null);
    const far = classify({ labels: [905, 903], rivals: [904, 902] }, 0, null);
    for (const [index, probability] of near.probabilities.entries()) expect(far.probabilities[index]).toBeCloseTo(probability, 9);
  });

  it('is honest about one label, where a bare softmax would be sure', () => {
    expect(classify({ labels: [1], rivals: [3, 3, 3] }, 0, null)).toMatchObject({ isUnknown: true });
    expect(classify({ labels: [9], rivals: [3, 3, 3] }, 0, null)).toMatchObject({ isUnknown: false, best: 0 });
  });

  it('takes each label alone under a sigmoid', () => {
    const { probabilities, unknownProbability } = classify({ labels: [10, 12], rivals: [0] }, 0, -11);
    expect(probabilities[0]).toBeCloseTo(1 / (1 + Math.E), 9);
    expect(probabilities[1]).toBeCloseTo(1 / (1 + 1 / Math.E), 9);
    expect(unknownProbability).toBeCloseTo((1 - probabilities[0]!) * (1 - probabilities[1]!), 9);
  });

  it('is unknown where nothing was measured', () => {
    expect(classify({ labels: [50], rivals: [1] }, marginAt(new Float64Array(), 0.05, 1), null).isUnknown).toBe(true);
  });
});

describe('margins by chance', () => {
  it('hold the rate of false labels for pictures that show none of them, however many labels and whatever the scale', () => {
    for (const scale of [10, 100]) {
      const random = createRandom(scale);
      const draw = (count: number) =>
        Array.from({ length: count }, () => (scale * (random.next() + random.next() + random.next() - 1.5)) / 5);
      const margins = chanceMargins(
        Array.from({ length: 200 }, () => draw(60)),
        Array.from({ length: 60 }, (_, index) => new Set([index])),
      );
      for (const labelCount of [1, 10]) {
        const cut = marginAt(margins, 0.05, labelCount);
        const wrong = Array.from({ length: 2000 }, () => classify({ labels: draw(labelCount), rivals: draw(59) }, cut, null)).filter(
          ({ isUnknown }) => !isUnknown,
        ).length;
        expect([scale, labelCount, wrong > 20 && wrong < 200]).toEqual([scale, labelCount, true]);
      }
    }
  });

  it('are finite where all rivals but one are left out', () => {
    const [only, ...more] = chanceMargins([[1, 2]], [new Set([0, 1]), new Set([1])]);
    expect(Number.isFinite(only)).toBe(true);
    // The best is not asked.
    expect(more).toEqual([]);
  });
});
