import { VitrineError } from '../../errors.js';
import { type Lane, LaneQueue } from '../../lane-queue.js';
import { waitingRequest } from '../../waiting-request.js';
import type { MediaLimits } from './identify.js';
import { Decoder } from './decoder.js';
import { type DecoderReply, type DecoderResult, type DecoderTask, fromWireError } from './decoder-protocol.js';

export interface DecoderPoolOptions {
  /** Decoder processes, one file at a time each; one more while bulk work fills these and somebody waits. */
  processes: number;
  maxMemoryBytes: number;
  /** Told to the decoders with each file. */
  limits: MediaLimits;
}

interface Job {
  task: DecoderTask;
  fileName: string;
  lane: Lane;
  crashes: number;
  kills: number;
  /** Why nobody waits for it any more. */
  givenUp: VitrineError | null;
  resolve: (result: DecoderResult) => void;
  reject: (error: VitrineError) => void;
}

/** A file that ends its decoder gets one more try: the crash may be a neighbour's leftovers. */
const MAX_CRASHES_PER_FILE = 2;
/** One whose decoder was killed from outside (an operator, a system out of memory) gets more, behind the others. */
const MAX_KILLS_PER_FILE = 6;
const MAX_FAILED_STARTS = 3;
/** A decoder that stays this full after its file is replaced before the next one. */
const RETIRE_AT_MEMORY_SHARE = 0.6;
/** What a file that nobody waits for any more may still take: starting a decoder costs more than most files do. */
const GIVEN_UP_MS = 1_000;
/** How long the reserve is kept without work. */
const RESERVE_IDLE_MS = 60_000;

/**
 * Decoder processes and what waits for them, in lanes. Bulk work may fill all places. What somebody waits for has a process of its own, the
 * reserve: one of the places without bulk work, one beside them with it. It starts when it is first wanted and goes when it is idle.
 */
export class DecoderPool {
  readonly #queue = new LaneQueue<Job>();
  readonly #decoders = new Set<Decoder<Job>>();
  readonly #options: DecoderPoolOptions;
  #nextId = 1;
  #failedStarts = 0;
  #isClosed = false;

  constructor(options: DecoderPoolOptions) {
    this.#options = options;
  }

  /** @throws VitrineError MEDIA_*, FILE_*, DECODERS_STOPPED, and why the request that it is for was given up */
  submit(lane: Lane, fileName: string, task: DecoderTask): Promise<DecoderResult> {
    if (this.#isClosed) return Promise.reject(closedError(fileName));
    const signal = waitingRequest()?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason as VitrineError);
    return new Promise((resolve, reject) => {
      const job: Job = { task, fileName, lane, crashes: 0, kills: 0, givenUp: null, resolve, reject };
      signal?.addEventListener('abort', () => this.#giveUp(job, signal.reason as VitrineError), { once: true });
      this.#queue.push(lane, job);
      this.#pump();
    });
  }

  pids(): number[] {
    return [...this.#decoders].flatMap(({ pid }) => pid ?? []);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#queue.takeAll()) job.reject(closedError(job.fileName));
    const decoders = [...this.#decoders];
    for (const decoder of decoders) {
      const job = decoder.release();
      job?.reject(job.givenUp ?? closedError('The file'));
      decoder.kill();
    }
    await Promise.all(decoders.map(({ exited }) => exited));
  }

  /** Hands waiting files to free decoders and starts decoders while there are more files than free ones. */
  #pump(): void {
    // The reserve first: the others stand back.
    for (const decoder of [...this.#decoders].sort((one, other) => Number(other.isReserve) - Number(one.isReserve))) {
      if (!decoder.isIdle) continue;
      const [job] = decoder.isReserve ? this.#queue.takeFrom('interactive', 1) : this.#queue.take(1);
      if (job) this.#assign(decoder, job);
    }
    if (this.#needsReserve()) this.#start(true);
    const decoders = [...this.#decoders];
    const taken = this.#queue.waitingIn('bulk') > 0 ? decoders.filter(({ isReserve }) => !isReserve) : decoders;
    const starting = taken.filter(({ isReady }) => !isReady).length;
    for (let more = Math.min(this.#options.processes - taken.length, this.#queue.size - starting); more > 0; more--) this.#start(false);
  }

  #needsReserve(): boolean {
    const decoders = [...this.#decoders];
    if (this.#queue.waitingIn('interactive') === 0 || decoders.some(({ isReserve }) => isReserve)) return false;
    return decoders.length < this.#options.processes || decoders.some(({ job }) => job?.lane === 'bulk');
  }

  #assign(decoder: Decoder<Job>, job: Job): void {
    const { limits } = this.#options;
    decoder.job = job;
    decoder.after(limits.timeoutMs, () => {
      const error = new VitrineError(
        'MEDIA_TIMEOUT',
        `${job.fileName} took longer than ${limits.timeoutMs / 1000} s to decode and was stopped. Make it simpler or smaller.`,
        { value: job.fileName },
      );
      this.#stop(decoder, error);
    });
    decoder.send({ id: this.#nextId++, task: job.task, limits });
  }

  /** Nobody waits for it any more: out of the queue at once; at work it has a moment to end by itself. It is settled when nothing reads its file. */
  #giveUp(job: Job, reason: VitrineError): void {
    job.givenUp = reason;
    if (this.#queue.remove(job.lane, job)) {
      job.reject(reason);
      return;
    }
    const decoder = [...this.#decoders].find((one) => one.job === job);
    decoder?.after(GIVEN_UP_MS, () => this.#stop(decoder, reason));
  }

  /** Ends a decoder with what it works on. */
  #stop(decoder: Decoder<Job>, error: VitrineError): void {
    const job = decoder.release();
    this.#drop(decoder);
    job?.reject(job.givenUp ?? error);
    this.#pump();
  }

  #start(isReserve: boolean): void {
    const { maxMemoryBytes } = this.#options;
    const decoder: Decoder<Job> = new Decoder<Job>({
      maxMemoryBytes,
      isReserve,
      onReply: (reply) => this.#receive(decoder, reply),
      onExit: (complaint) => this.#ended(decoder, complaint),
    });
    this.#decoders.add(decoder);
  }

  #receive(decoder: Decoder<Job>, reply: DecoderReply): void {
    if (!this.#decoders.has(decoder)) return;
    const { maxMemoryBytes } = this.#options;
    if (reply.kind === 'over-memory') {
      const fileName = decoder.job?.fileName ?? '';
      const limit = Math.round(maxMemoryBytes / 1024 / 1024);
      const message = `${fileName} needs more than ${limit} MiB of memory to decode and was stopped. Make it smaller.`;
      this.#stop(decoder, new VitrineError('MEDIA_DECODER_CRASHED', message, { value: fileName }));
      return;
    }
    if (reply.kind === 'ready') {
      decoder.isReady = true;
      this.#failedStarts = 0;
    } else {
      const job = decoder.release();
      if (reply.residentByteSize > maxMemoryBytes * RETIRE_AT_MEMORY_SHARE) this.#drop(decoder);
      if (job?.givenUp) job.reject(job.givenUp);
      else if (reply.kind === 'result') job?.resolve(reply.result);
      else job?.reject(fromWireError(reply.error));
    }
    if (decoder.isReserve && this.#decoders.has(decoder)) decoder.after(RESERVE_IDLE_MS, () => this.#drop(decoder));
    this.#pump();
  }

  #ended(decoder: Decoder<Job>, complaint: string): void {
    const job = decoder.release();
    const wasExpected = !this.#decoders.delete(decoder);
    if (this.#isClosed || wasExpected) return;
    const isWanted = job !== null && job.givenUp === null;
    if (isWanted && decoder.wasKilled && ++job.kills < MAX_KILLS_PER_FILE) this.#queue.push(job.lane, job);
    else if (isWanted && !decoder.wasKilled && ++job.crashes < MAX_CRASHES_PER_FILE) this.#queue.putBack(job.lane, job);
    else {
      const message = `${job?.fileName} ended the decoder process again and again; it is damaged or made to do so. Export it again.`;
      job?.reject(job.givenUp ?? new VitrineError('MEDIA_DECODER_CRASHED', message, { value: job.fileName }));
    }
    if (!decoder.isReady && ++this.#failedStarts >= MAX_FAILED_STARTS) {
      this.#failedStarts = 0;
      const message = 'The decoder process does not start; reinstall with npm ci and try again.';
      for (const waiting of this.#queue.takeAll())
        waiting.reject(new VitrineError('DECODERS_STOPPED', message, { cause: complaint.trim() }));
    }
    this.#pump();
  }

  /** Ends a decoder on purpose; the next pump starts another when files wait. */
  #drop(decoder: Decoder<Job>): void {
    decoder.release();
    this.#decoders.delete(decoder);
    decoder.kill();
  }
}

function closedError(fileName: string): VitrineError {
  return new VitrineError('DECODERS_STOPPED', `${fileName} was not decoded: the server is stopping.`);
}
