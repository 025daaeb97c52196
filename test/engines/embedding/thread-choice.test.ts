import { openEmbedder } from '../../../src/engines/embedding/embedder.js';
import {
  batchCandidates,
  isQuicker,
  picturesToMeasure,
  threadCandidates,
  usualThreads,
} from '../../../src/engines/embedding/thread-choice.js';

/** A clock that the measured work itself moves on. */
function workshop() {
  let clock = 0;
  const taking = (...ms: number[]) => {
    let run = 0;
    return async () => {
      clock += ms[run++ % ms.length] as number;
    };
  };
  return { now: () => clock, taking };
}

it('measures the usual number of threads against all cores, where these differ', () => {
  expect([1, 2, 4, 8, 32].map(usualThreads)).toEqual([1, 1, 3, 4, 4]);
  expect([1, 2, 4, 8, 32].map(threadCandidates)).toEqual([[1], [1, 2], [3, 4], [4, 8], [4, 8]]);
});

it('measures a batch, or fewer pictures of a large model', () => {
  expect([picturesToMeasure(0.5, 32), picturesToMeasure(45, 8), picturesToMeasure(900, 8), picturesToMeasure(0, 16)]).toEqual([
    32, 2, 1, 16,
  ]);
});

it('tries twice and half the usual batch, where a run takes no time to speak of', () => {
  expect(batchCandidates(32, 0.6)).toEqual([64, 16]);
  expect(batchCandidates(8, 10)).toEqual([16, 4]);
  // Twice as many would take too long, then even the usual batch.
  expect(batchCandidates(8, 30)).toEqual([4]);
  expect(batchCandidates(8, 45)).toEqual([]);
  // Half of one picture is none, and memory has an end.
  expect([batchCandidates(1, 5), batchCandidates(64, 1)]).toEqual([[2], [32]]);
});

it('calls quicker what is so clearly, and not for one slow run of the other', async () => {
  const { now, taking } = workshop();
  expect(await isQuicker(taking(80), taking(100), now)).toBe(true);
  expect(await isQuicker(taking(95), taking(100), now)).toBe(false);
  expect(await isQuicker(taking(80, 500, 90), taking(100), now)).toBe(true);
  expect(await isQuicker(taking(100), taking(400, 102, 300), now)).toBe(false);
});

it('opens the built-in model with a number of threads and a batch that were measured here, and says which', async () => {
  const embedder = await openEmbedder({ modelFolder: 'models/vitrine-sketch', provider: 'cpu' });
  try {
    expect(threadCandidates((await import('node:os')).availableParallelism())).toContain(embedder.info.threads);
    expect([16, 32, 64]).toContain(embedder.info.maxImageBatch);
    const { width, height } = embedder.imageInput;
    const [vector] = await embedder.embedImages([new Float32Array(3 * width * height)]);
    expect(vector).toHaveLength(embedder.info.dimensions);
  } finally {
    await embedder.close();
  }
});
