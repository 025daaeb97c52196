/** Longest run by which another batch is tried: with a model that takes longer it changes little, and nobody should wait for it. */
const MAX_BATCH_RUN_MS = 300;
const MAX_CPU_BATCH = 64;
/** How long one measured run should take, about; six of them are made. */
const RUN_MS = 120;
/** More threads must be this much quicker: they take cores that decoding needs too. */
const MARGIN = 1.1;

/** What an encoder that somebody waits for runs with: one core is left to the rest, and more than four gain little. */
export function usualThreads(cores: number): number {
  return Math.max(1, Math.min(cores - 1, 4));
}

/** Numbers of threads worth measuring, the usual one first. */
export function threadCandidates(cores: number): number[] {
  return [...new Set([usualThreads(cores), Math.min(cores, 8)])];
}

/** Pictures to measure with: a batch, or fewer where one picture alone takes long. @param oneMs milliseconds of one picture */
export function picturesToMeasure(oneMs: number, maxBatch: number): number {
  return Math.max(1, Math.min(maxBatch, Math.floor(RUN_MS / Math.max(oneMs, 0.01))));
}

/** Pictures per run worth measuring beside the usual number: twice as many, half as many. None where a run takes long. @param oneMs as above */
export function batchCandidates(usual: number, oneMs: number): number[] {
  return [usual * 2, usual / 2].filter(
    (batch) => Number.isInteger(batch) && batch <= MAX_CPU_BATCH && oneMs * Math.max(batch, usual) <= MAX_BATCH_RUN_MS,
  );
}

/** Whether `run` is clearly quicker than `than`. In turns and by the best of three, so that a neighbour's load decides nothing. */
export async function isQuicker(
  run: () => Promise<unknown>,
  than: () => Promise<unknown>,
  now = () => performance.now(),
): Promise<boolean> {
  const time = async (work: () => Promise<unknown>) => {
    const started = now();
    await work();
    return now() - started;
  };
  let [own, other] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < 3; turn += 1) {
    other = Math.min(other, await time(than));
    own = Math.min(own, await time(run));
  }
  return own * MARGIN < other;
}
