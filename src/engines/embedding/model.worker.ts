import { availableParallelism } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { standBackThread } from '../../background-priority.js';
import { ObjectDetector } from './object-detector.js';
import { isVitrineError } from '../../errors.js';
import { insideGate } from './exit-gate.js';
import { ImageEncoder } from './image-encoder.js';
import { LaneQueue } from '../../lane-queue.js';
import type { GatedWorkerData, ItemResult, ModelReply, ModelRequest } from './model-messages.js';
import type { EncodeOutcome } from './resilient-batch.js';
import { TextEncoder, type TextOutcome } from './text-encoder.js';
import { threadCandidates, usualThreads } from './thread-choice.js';

// Worker thread around one encoder: onnxruntime blocks the thread it runs on for the whole of a batch.

interface Encoder {
  readonly provider: ImageEncoder['provider'];
  readonly dimensions: number;
  readonly threads: number;
  readonly maxBatch: number;
  encode(items: readonly unknown[]): Promise<(EncodeOutcome | TextOutcome)[]>;
  close(): Promise<void>;
}

interface WaitingItem {
  callId: number;
  index: number;
  item: unknown;
}

const port = parentPort!;
const data = workerData as GatedWorkerData;
const queue = new LaneQueue<WaitingItem>();
let working = false;
let closing = false;

function reply(message: ModelReply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function accept(message: ModelRequest): void {
  if (message.kind === 'close') closing = true;
  else for (const [index, item] of message.items.entries()) queue.push(message.lane, { callId: message.callId, index, item });
}

async function work(encoder: Encoder): Promise<void> {
  if (working) return;
  working = true;
  while (!closing) {
    // Requests that arrived while a batch blocked this thread must be seen before the next batch is chosen.
    for (let waiting = receiveMessageOnPort(port); waiting; waiting = receiveMessageOnPort(port)) accept(waiting.message as ModelRequest);
    if (closing || queue.size === 0) break;
    const batch = queue.take(encoder.maxBatch);
    const outcomes = await insideGate(data.gate, () => encoder.encode(batch.map((entry) => entry.item)));
    const results = batch.map(({ callId, index }, i): ItemResult => ({ callId, index, ...outcomes[i]! }));
    reply(
      { kind: 'results', results },
      outcomes.flatMap((outcome) => ('vector' in outcome ? [outcome.vector.buffer as ArrayBuffer] : [])),
    );
  }
  working = false;
  if (closing) {
    await insideGate(data.gate, () => encoder.close());
    port.close();
  }
}

async function open(): Promise<Encoder> {
  const { provider, threads } = data;
  const cores = availableParallelism();
  // Texts are what somebody waits for. Before the model is opened: its threads inherit it.
  if (data.side !== 'text') standBackThread();
  if (data.side === 'detector') return ObjectDetector.open(data.detector, provider, threads ?? usualThreads(cores));
  const { model } = data;
  if (data.side === 'text') return (await TextEncoder.open(model, provider, threads ?? usualThreads(cores))) as Encoder;
  const options = { provider, maxBatch: data.maxImageBatch };
  return (
    threads === null
      ? await ImageEncoder.openQuickest(model, options, threadCandidates(cores))
      : await ImageEncoder.open(model, { ...options, threads })
  ) as Encoder;
}

try {
  const encoder = await insideGate(data.gate, open);
  reply({
    kind: 'ready',
    provider: encoder.provider,
    dimensions: encoder.dimensions,
    threads: encoder.threads,
    maxBatch: encoder.maxBatch,
  });
  port.on('message', (message: ModelRequest) => {
    accept(message);
    // A failure in here ends the worker; the thread that started it tells its callers and starts another.
    void work(encoder);
  });
} catch (error) {
  const known = isVitrineError(error);
  reply({
    kind: 'failed',
    code: known ? error.code : 'EMBEDDING_FAILED',
    message: (error as Error).message,
    ...(known && error.field ? { field: error.field } : {}),
  });
}
