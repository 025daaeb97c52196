import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { standBack } from '../../background-priority.js';
import { badInput, VitrineError } from '../../errors.js';
import type { AnalyzeOptions, MediaAnalysis, ModelInputs } from './analysis.js';
import { type DecoderReply, type DecoderRequest, type DecoderResult, type DecoderTask, fromWireError } from './decoder-protocol.js';
import type { MarkSighting } from '../mark-finding/mark-finder.js';
import type { MarkFile } from './mark-scan.js';
import type { MetadataCopy } from './metadata-writer.js';
import type { ImageInputSpec } from './model-input.js';
import type { Rendition } from './rendition.js';
import type { RenditionRecipe } from './rendition-recipe.js';
import { MAX_TILE_ROWS } from './tiles.js';
import type { VideoTools } from './system-tool.js';

export interface MediaAnalyzerOptions {
  /** Decoder processes, one file at a time each. */
  processes: number;
  /** Wall-clock limit for one file. Default 20,000. */
  timeoutMs?: number;
  /** Pixels of one picture (width × height), checked before decoding. Default 100 million. */
  maxPixels?: number;
  /** Default 512 MiB. */
  maxByteSize?: number;
  /** Resident memory of one decoder process. Default 1 GiB. */
  maxMemoryBytes?: number;
  /** Rows of tiles that large pictures are cut into (see tilesOf). Default 0: none. */
  tileRows?: number;
  /** Default: those of the system. */
  videoTools?: VideoTools;
}

/**
 * Measures untrusted files in child processes. Every method rejects with a VitrineError: FILE_EMPTY, FILE_NOT_FOUND,
 * FILE_UNREADABLE, FILE_TOO_LARGE, MEDIA_* and, for a bad spec or recipe, BAD_USER_INPUT. One bad file harms no other.
 */
export interface MediaAnalyzer {
  analyze(filePath: string, options: AnalyzeOptions): Promise<MediaAnalysis>;
  /** Only the model input (3 × height × width, channel first), the same as analyze gives. */
  preprocess(filePath: string, input: ImageInputSpec, fileName?: string): Promise<Float32Array>;
  /** What a model is shown of the whole and of each part, the same as analyze gives. */
  modelInputs(filePath: string, input: ImageInputSpec, fileName?: string): Promise<ModelInputs>;
  render(filePath: string, recipe: RenditionRecipe, fileName?: string): Promise<Rendition>;
  /** Where these marks stand in a picture, the most confident first; what overlaps goes to the mark that fits best. */
  findMarks(filePath: string, marks: readonly MarkFile[], fileName?: string): Promise<MarkSighting[]>;
  /** @throws VitrineError BAD_USER_INPUT when a file cannot serve as a mark, MEDIA_* */
  checkMark(mark: MarkFile): Promise<void>;
  /** Writes a copy of a file with other metadata; see {@link MetadataCopy}. @throws VitrineError METADATA_TOOL_MISSING, METADATA_NOT_WRITABLE */
  writeMetadata(copy: MetadataCopy): Promise<void>;
  /** Process ids of the decoders alive now. */
  pids(): number[];
  /** Ends the decoders; files still waiting or being decoded are rejected. */
  close(): Promise<void>;
}

interface Job {
  task: DecoderTask;
  fileName: string;
  crashes: number;
  resolve: (result: DecoderResult) => void;
  reject: (error: VitrineError) => void;
}

interface Decoder {
  child: ChildProcess;
  isReady: boolean;
  job: Job | null;
  timer: NodeJS.Timeout | null;
  exited: Promise<void>;
}

const program = fileURLToPath(new URL('./decoder.process.js', import.meta.url));
/** A file that ends its decoder gets one more try: the crash may be a neighbour's leftovers. */
const maxCrashesPerFile = 2;
const maxFailedStarts = 3;
/** Of the time for one file, what further frames, pages and tiles may take. */
const PARTS_TIME_SHARE = 0.5;
/** A decoder that stays this full after its file is replaced before the next one. */
const retireAtMemoryShare = 0.6;

export function createMediaAnalyzer(options: MediaAnalyzerOptions): MediaAnalyzer {
  return new DecoderPool(options);
}

class DecoderPool implements MediaAnalyzer {
  private readonly queue: Job[] = [];
  private readonly decoders = new Set<Decoder>();
  private readonly limits: Required<Omit<MediaAnalyzerOptions, 'videoTools' | 'tileRows'>>;
  private readonly videoTools: VideoTools;
  private readonly tileRows: number;
  private nextId = 1;
  private failedStarts = 0;
  private isClosed = false;

  constructor(options: MediaAnalyzerOptions) {
    this.videoTools = options.videoTools ?? { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
    this.tileRows = options.tileRows ?? 0;
    if (!Number.isInteger(this.tileRows) || this.tileRows < 0 || this.tileRows > MAX_TILE_ROWS)
      throw badInput('tileRows', this.tileRows, `a whole number from 0 to ${MAX_TILE_ROWS}`);
    this.limits = {
      processes: options.processes,
      timeoutMs: options.timeoutMs ?? 20_000,
      maxPixels: options.maxPixels ?? 100_000_000,
      maxByteSize: options.maxByteSize ?? 512 * 1024 * 1024,
      maxMemoryBytes: options.maxMemoryBytes ?? 1024 * 1024 * 1024,
    };
    for (const [field, value] of Object.entries(this.limits)) {
      if (!Number.isInteger(value) || value < 1) throw badInput(field, value, 'a whole number above 0');
    }
  }

  analyze(filePath: string, options: AnalyzeOptions): Promise<MediaAnalysis> {
    return this.submit(options.fileName, { kind: 'analyze', path: filePath, options }) as Promise<MediaAnalysis>;
  }

  preprocess(filePath: string, input: ImageInputSpec, fileName = path.basename(filePath)): Promise<Float32Array> {
    return this.submit(fileName, { kind: 'preprocess', path: filePath, fileName, input }) as Promise<Float32Array>;
  }

  modelInputs(filePath: string, input: ImageInputSpec, fileName = path.basename(filePath)): Promise<ModelInputs> {
    return this.submit(fileName, { kind: 'model-inputs', path: filePath, fileName, input }) as Promise<ModelInputs>;
  }

  render(filePath: string, recipe: RenditionRecipe, fileName = path.basename(filePath)): Promise<Rendition> {
    return this.submit(fileName, { kind: 'render', path: filePath, fileName, recipe }) as Promise<Rendition>;
  }

  findMarks(filePath: string, marks: readonly MarkFile[], fileName = path.basename(filePath)): Promise<MarkSighting[]> {
    return this.submit(fileName, { kind: 'find-marks', path: filePath, fileName, marks }) as Promise<MarkSighting[]>;
  }

  async checkMark(mark: MarkFile): Promise<void> {
    await this.submit(mark.fileName, { kind: 'check-mark', mark });
  }

  async writeMetadata(copy: MetadataCopy): Promise<void> {
    await this.submit(copy.fileName, { kind: 'write-metadata', copy });
  }

  pids(): number[] {
    return [...this.decoders].flatMap(({ child }) => child.pid ?? []);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const job of this.queue.splice(0)) job.reject(closedError(job.fileName));
    const decoders = [...this.decoders];
    for (const decoder of decoders) {
      this.release(decoder)?.reject(closedError('The file'));
      decoder.child.kill('SIGKILL');
    }
    await Promise.all(decoders.map(({ exited }) => exited));
  }

  private submit(fileName: string, task: DecoderTask): Promise<DecoderResult> {
    if (this.isClosed) return Promise.reject(closedError(fileName));
    return new Promise((resolve, reject) => {
      this.queue.push({ task, fileName, crashes: 0, resolve, reject });
      this.pump();
    });
  }

  /** Hands waiting files to free decoders and starts decoders while there are more files than free ones. */
  private pump(): void {
    for (const decoder of this.decoders) {
      if (this.queue.length === 0) return;
      if (decoder.isReady && decoder.job === null) this.assign(decoder, this.queue.shift()!);
    }
    const starting = [...this.decoders].filter(({ isReady }) => !isReady).length;
    for (let more = this.queue.length - starting; more > 0 && this.decoders.size < this.limits.processes; more--) this.start();
  }

  private assign(decoder: Decoder, job: Job): void {
    decoder.job = job;
    decoder.timer = setTimeout(() => {
      this.release(decoder);
      this.drop(decoder);
      const seconds = this.limits.timeoutMs / 1000;
      job.reject(
        new VitrineError(
          'MEDIA_TIMEOUT',
          `${job.fileName} took longer than ${seconds} s to decode and was stopped. Make it simpler or smaller.`,
          { value: job.fileName },
        ),
      );
      this.pump();
    }, this.limits.timeoutMs);
    const { maxPixels, maxByteSize, timeoutMs } = this.limits;
    const limits = {
      maxPixels,
      maxByteSize,
      timeoutMs,
      partsTimeMs: timeoutMs * PARTS_TIME_SHARE,
      tileRows: this.tileRows,
      videoTools: this.videoTools,
    };
    const request: DecoderRequest = { id: this.nextId++, task: job.task, limits };
    // A send that fails means the process is gone; its exit event brings the file back.
    decoder.child.send(request, () => undefined);
  }

  private start(): void {
    const { maxMemoryBytes } = this.limits;
    const child = fork(program, [String(maxMemoryBytes)], {
      serialization: 'advanced',
      // As many decoders as cores: a collector's helper threads would only wait for each other.
      execArgv: ['--max-old-space-size=256', '--single-threaded-gc'],
      // No secrets of the server's environment near untrusted files; fewer arenas keep freed memory from piling up.
      env: { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    standBack(child.pid);
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2_000);
    });
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const decoder: Decoder = { child, isReady: false, job: null, timer: null, exited };
    this.decoders.add(decoder);
    child.on('message', (reply: DecoderReply) => this.receive(decoder, reply));
    void exited.then(() => this.ended(decoder, complaint));
  }

  private receive(decoder: Decoder, reply: DecoderReply): void {
    if (!this.decoders.has(decoder)) return;
    if (reply.kind === 'ready') {
      decoder.isReady = true;
      this.failedStarts = 0;
    } else if (reply.kind === 'over-memory') {
      const limit = Math.round(this.limits.maxMemoryBytes / 1024 / 1024);
      const job = this.release(decoder);
      this.drop(decoder);
      job?.reject(
        new VitrineError(
          'MEDIA_DECODER_CRASHED',
          `${job.fileName} needs more than ${limit} MiB of memory to decode and was stopped. Make it smaller.`,
          { value: job.fileName },
        ),
      );
    } else {
      const job = this.release(decoder);
      if (reply.residentByteSize > this.limits.maxMemoryBytes * retireAtMemoryShare) this.drop(decoder);
      if (reply.kind === 'result') job?.resolve(ownArrays(reply.result));
      else job?.reject(fromWireError(reply.error));
    }
    this.pump();
  }

  private ended(decoder: Decoder, complaint: string): void {
    const job = this.release(decoder);
    const wasExpected = !this.decoders.delete(decoder);
    if (this.isClosed || wasExpected) return;
    if (job !== null && ++job.crashes < maxCrashesPerFile) this.queue.unshift(job);
    else
      job?.reject(
        new VitrineError(
          'MEDIA_DECODER_CRASHED',
          `${job.fileName} ended the decoder process twice; it is damaged or made to do so. Export it again.`,
          { value: job.fileName },
        ),
      );
    if (!decoder.isReady && ++this.failedStarts >= maxFailedStarts) {
      this.failedStarts = 0;
      for (const waiting of this.queue.splice(0)) {
        waiting.reject(
          new VitrineError('MEDIA_DECODER_CRASHED', 'The decoder process does not start; reinstall with npm ci and try again.', {
            cause: complaint.trim(),
          }),
        );
      }
    }
    this.pump();
  }

  /** Takes the file away from its decoder and stops its clock. */
  private release(decoder: Decoder): Job | null {
    const { job, timer } = decoder;
    if (timer) clearTimeout(timer);
    decoder.job = null;
    decoder.timer = null;
    return job;
  }

  /** Ends a decoder on purpose; the next pump starts another when files wait. */
  private drop(decoder: Decoder): void {
    this.decoders.delete(decoder);
    decoder.child.kill('SIGKILL');
  }
}

/** Bytes from the channel may be views into a larger buffer that would be kept alive with them; the caller gets arrays of its own. */
function ownArrays(result: DecoderResult): DecoderResult {
  if (result === null || Array.isArray(result)) return result;
  if (ArrayBuffer.isView(result)) return Float32Array.from(result);
  if ('bytes' in result) return { ...result, bytes: Buffer.from(result.bytes) };
  const own = <T extends { pixels: Float32Array | null }>(given: T): T => ({
    ...given,
    pixels: given.pixels && Float32Array.from(given.pixels),
  });
  const parts = result.parts.map((part) => own({ ...part, thumbnail: part.thumbnail && Buffer.from(part.thumbnail) }));
  if (!('facts' in result)) return own({ ...result, parts });
  return own({ ...result, parts, thumbnail: result.thumbnail && Buffer.from(result.thumbnail) });
}

function closedError(fileName: string): VitrineError {
  return new VitrineError('INTERNAL', `${fileName} was not decoded: the server is stopping.`);
}
