import { type ErrorCode, VitrineError } from '../../errors.js';
import { normalize } from './vector.js';

/** One item's vector of length 1, or why it has none; plain data, so that it can cross a thread. */
export type EncodeOutcome = { vector: Float32Array } | { code: ErrorCode; message: string };

/** Runs a batch through the model: one row of output per item. */
export type RunRows<T> = (items: readonly T[]) => Promise<readonly Float32Array[]>;

export interface ResilientBatch {
  outcomes: EncodeOutcome[];
  /** Largest batch that fitted where memory ran out, else null: larger ones need not be tried again. */
  batchLimit: number | null;
}

/**
 * Encodes a batch so that one bad item never fails its neighbours: a batch that throws, and a row that comes out unusable, is
 * tried again alone; when memory runs out the batch is halved.
 */
export async function encodeResilient<T>(items: readonly T[], run: RunRows<T>): Promise<ResilientBatch> {
  let rows: readonly Float32Array[];
  try {
    rows = await run(items);
  } catch (cause) {
    if (items.length === 1) return { outcomes: [failure(cause)], batchLimit: null };
    if (!isOutOfMemory(cause)) return { outcomes: await encodeSingly(items, run), batchLimit: null };
    const half = Math.ceil(items.length / 2);
    const first = await encodeResilient(items.slice(0, half), run);
    const second = await encodeResilient(items.slice(half), run);
    return {
      outcomes: [...first.outcomes, ...second.outcomes],
      batchLimit: Math.min(half, first.batchLimit ?? half, second.batchLimit ?? half),
    };
  }
  const outcomes: EncodeOutcome[] = [];
  for (const [i, row] of rows.entries()) {
    const vector = normalize(row);
    if (vector) outcomes.push({ vector });
    // A neighbour can spoil a row: models with dynamic quantization share one scale over the whole batch.
    else if (items.length > 1) outcomes.push(...(await encodeSingly([items[i]!], run)));
    else outcomes.push({ code: 'MODEL_OUTPUT_INVALID', message: describeRow(row) });
  }
  return { outcomes, batchLimit: null };
}

async function encodeSingly<T>(items: readonly T[], run: RunRows<T>): Promise<EncodeOutcome[]> {
  const outcomes: EncodeOutcome[] = [];
  for (const item of items) outcomes.push(...(await encodeResilient([item], run)).outcomes);
  return outcomes;
}

function isOutOfMemory(cause: unknown): boolean {
  return /out of memory|failed to allocate|bad_alloc|OUT_OF_MEMORY|cudaMalloc|CUDA failure 2\b/i.test((cause as Error).message);
}

function failure(cause: unknown): EncodeOutcome {
  if (cause instanceof VitrineError) return { code: cause.code, message: cause.message };
  if (isOutOfMemory(cause)) {
    return {
      code: 'EMBEDDING_FAILED',
      message: `The model ran out of memory on a single item. Free memory on the device, or choose a smaller model, precision int8 or provider cpu.`,
    };
  }
  return { code: 'EMBEDDING_FAILED', message: `The model could not encode this item.` };
}

function describeRow(row: Float32Array): string {
  const what = row.every((value) => value === 0) ? 'only zeros' : row.some(Number.isNaN) ? 'NaN' : 'values that are not finite';
  return `The model gave ${what} for this item, which is no embedding. Other items are not affected; if it happens for every item, run \`models verify\` or use precision fp32.`;
}
