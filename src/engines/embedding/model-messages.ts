import type { DetectorDescription } from './detector-manifest.js';
import type { ErrorCode } from '../../errors.js';
import type { Lane } from '../../lane-queue.js';
import type { ModelDescription } from './model-description.js';
import type { Provider, ProviderChoice } from './onnx-session.js';

/** What a model worker is started with: one encoder of one model, or a detector. */
export type ModelWorkerData = {
  provider: ProviderChoice;
  /** Inside one operator; null, for pictures only: what is measured to be quickest. */
  threads: number | null;
  maxImageBatch: number | null;
} & ({ side: 'image' | 'text'; model: ModelDescription } | { side: 'detector'; detector: DetectorDescription });

/** The same with the gate that keeps the process from ending inside onnxruntime. */
export type GatedWorkerData = ModelWorkerData & { gate: Int32Array };

/** To the worker: pictures (their buffers are transferred) or texts, in one call. */
export type ModelRequest = { kind: 'encode'; callId: number; lane: Lane; items: readonly (Float32Array | string)[] } | { kind: 'close' };

export type ItemResult = { callId: number; index: number; tokenCount?: number; truncated?: boolean } & (
  | { vector: Float32Array }
  | { code: ErrorCode; message: string }
);

/** From the worker: once `ready` or `failed`, then results as batches complete. */
export type ModelReply =
  | { kind: 'ready'; provider: Provider; dimensions: number; threads: number; maxBatch: number }
  | { kind: 'failed'; code: ErrorCode; message: string; field?: string }
  | { kind: 'results'; results: ItemResult[] };
