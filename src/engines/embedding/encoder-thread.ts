import { once } from 'node:events';
import { types } from 'node:util';
import { Worker } from 'node:worker_threads';
import { VitrineError } from '../../errors.js';
import { dropGate, openGate } from './exit-gate.js';
import type { Lane } from '../../lane-queue.js';
import type { GatedWorkerData, ItemResult, ModelReply, ModelRequest, ModelWorkerData } from './model-messages.js';
import type { Provider } from './onnx-session.js';

/** A worker that died is started again, but no more often than this. */
const RESTART_INTERVAL_MS = 5_000;
const CLOSE_TIMEOUT_MS = 10_000;

export interface ReadyEncoder {
  provider: Provider;
  dimensions: number;
  threads: number;
  maxBatch: number;
}

interface PendingCall {
  results: ItemResult[];
  missing: number;
  resolve(results: ItemResult[]): void;
  reject(error: Error): void;
}

/** The main thread's handle on one encoder in a worker thread: sends items, gathers results, starts the worker again when it dies. */
export class EncoderThread {
  private readonly data: ModelWorkerData;
  private readonly pending = new Map<number, PendingCall>();
  private readonly restartIntervalMs: number;
  private worker: Worker | null = null;
  private started: Promise<ReadyEncoder> | null = null;
  private startedAtMs = 0;
  private lastCallId = 0;
  private closed = false;

  constructor(data: ModelWorkerData, restartIntervalMs = RESTART_INTERVAL_MS) {
    this.data = data;
    this.restartIntervalMs = restartIntervalMs;
  }

  /** Starts the worker where none runs. Throws what opening the model throws. */
  async open(): Promise<ReadyEncoder> {
    if (this.closed) throw closedError();
    this.started ??= this.start();
    return this.started;
  }

  /** One result per item, in order. Pictures are handed over: their buffers are empty afterwards. */
  async encode(items: readonly (Float32Array | string)[], lane: Lane): Promise<ItemResult[]> {
    if (items.length === 0) return [];
    await this.open();
    const callId = ++this.lastCallId;
    const request: ModelRequest = { kind: 'encode', callId, lane, items };
    const results = new Promise<ItemResult[]>((resolve, reject) => {
      this.pending.set(callId, { results: new Array<ItemResult>(items.length), missing: items.length, resolve, reject });
    });
    if (!this.worker) this.pending.get(callId)!.reject(closedError());
    else this.worker.postMessage(request, wholeBuffers(items));
    return results.finally(() => this.pending.delete(callId));
  }

  /**
   * Lets the batch at work end, gives up what still waits, and frees the model. Never terminates the worker: a thread that is
   * ended inside onnxruntime takes the whole process with it.
   */
  async close(): Promise<void> {
    this.closed = true;
    const worker = this.worker;
    if (worker) {
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage({ kind: 'close' } satisfies ModelRequest);
      const timeout = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
      await Promise.race([exited, once(timeout, 'abort')]);
      worker.unref();
    }
    this.rejectPending(closedError());
  }

  private async start(): Promise<ReadyEncoder> {
    const waitMs = this.startedAtMs + this.restartIntervalMs - Date.now();
    if (this.startedAtMs > 0 && waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (this.closed) throw closedError();
    this.startedAtMs = Date.now();
    const gate = openGate();
    const workerData: GatedWorkerData = { ...this.data, gate };
    const worker = new Worker(new URL('./model.worker.js', import.meta.url), {
      workerData,
      // Flags of the parent, such as --input-type, need not make sense for a worker's file.
      execArgv: [],
      name: `vitrine-${this.data.side}-encoder`,
    });
    this.worker = worker;
    return new Promise<ReadyEncoder>((resolve, reject) => {
      let crash: Error | null = null;
      worker.on('message', (message: ModelReply) => {
        if (message.kind === 'ready') resolve(message);
        else if (message.kind === 'results') this.receive(message.results);
        else reject(new VitrineError(message.code, message.message, message.field ? { field: message.field } : {}));
      });
      worker.on('error', (error: Error) => {
        crash = error;
      });
      worker.on('exit', (exitCode) => {
        dropGate(gate);
        if (this.worker === worker) this.worker = null;
        this.started = null;
        const reason = crash?.message ?? `exit code ${exitCode}`;
        const error = new VitrineError(
          'MODEL_STOPPED',
          `The ${this.data.side} encoder's worker thread ended (${reason}); what it was working on is lost and may be sent again. The worker starts anew with the next call.`,
        );
        reject(error);
        this.rejectPending(this.closed ? closedError() : error);
      });
    });
  }

  private receive(results: readonly ItemResult[]): void {
    for (const result of results) {
      const call = this.pending.get(result.callId);
      if (!call) continue;
      call.results[result.index] = result;
      call.missing--;
      if (call.missing === 0) call.resolve(call.results);
    }
  }

  private rejectPending(error: Error): void {
    for (const call of this.pending.values()) call.reject(error);
    this.pending.clear();
  }
}

/** Buffers to move instead of copying: those that one picture fills alone. A view into a larger buffer is copied. */
function wholeBuffers(items: readonly (Float32Array | string)[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const item of items) {
    if (typeof item !== 'string' && types.isArrayBuffer(item.buffer) && item.byteLength === item.buffer.byteLength)
      buffers.add(item.buffer);
  }
  return [...buffers];
}

function closedError(): VitrineError {
  return new VitrineError('MODEL_STOPPED', 'The embedding model is closed; nothing can be embedded any more.');
}
