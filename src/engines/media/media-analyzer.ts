import path from 'node:path';
import { badInput } from '../../errors.js';
import type { Lane } from '../../lane-queue.js';
import type { AnalyzeOptions, MediaAnalysis, ModelInputs } from './media-analysis.js';
import { DecoderPool } from './decoder-pool.js';
import type { DecoderResult, DecoderTask } from './decoder-protocol.js';
import type { EmbeddedMetadata } from './embedded-metadata.js';
import type { MarkFile } from './mark-scan.js';
import { type MarkSighting, mostConfidentFirst, withoutOverlap } from '../mark-finding/mark-sighting.js';
import type { MetadataCopy } from './metadata-writer.js';
import type { ImageInputSpec } from './model-input.js';
import type { Rendition } from './rendition.js';
import type { RenditionRecipe } from './rendition-recipe.js';
import { MAX_TILE_ROWS } from './tiles.js';
import type { VideoTools } from './system-tool.js';

export interface MediaAnalyzerOptions {
  /** Decoder processes, one file at a time each; see {@link DecoderPool} for the one beside them. */
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
 * FILE_UNREADABLE, FILE_TOO_LARGE, MEDIA_*, DECODERS_STOPPED and, for a bad spec or recipe, BAD_USER_INPUT. One bad file harms no other.
 * What is asked for in a request that is given up is taken back (see waiting-request.ts).
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
  /** What an XMP packet says that lies beside a file; null where it says nothing. */
  describe(packet: Uint8Array, fileName: string): Promise<EmbeddedMetadata | null>;
  /** Writes a copy of a file with other metadata; see {@link MetadataCopy}. @throws VitrineError METADATA_TOOL_MISSING, METADATA_NOT_WRITABLE */
  writeMetadata(copy: MetadataCopy): Promise<void>;
  /** The same for work of another lane. Whoever says nothing is in `bulk`, where nobody is kept waiting by it. */
  inLane(lane: Lane): MediaAnalyzer;
  /** Process ids of the decoders alive now. */
  pids(): number[];
  /** Ends the decoders; files still waiting or being decoded are rejected. */
  close(): Promise<void>;
}

/** Of the time for one file, what further frames, pages and tiles may take. */
const PARTS_TIME_SHARE = 0.5;
export function createMediaAnalyzer(options: MediaAnalyzerOptions): MediaAnalyzer {
  const { tileRows = 0, videoTools = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' } } = options;
  if (!Number.isInteger(tileRows) || tileRows < 0 || tileRows > MAX_TILE_ROWS)
    throw badInput('tileRows', tileRows, `a whole number from 0 to ${MAX_TILE_ROWS}`);
  const numbers = {
    processes: options.processes,
    timeoutMs: options.timeoutMs ?? 20_000,
    maxPixels: options.maxPixels ?? 100_000_000,
    maxByteSize: options.maxByteSize ?? 512 * 1024 * 1024,
    maxMemoryBytes: options.maxMemoryBytes ?? 1024 * 1024 * 1024,
  };
  for (const [field, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value < 1) throw badInput(field, value, 'a whole number above 0');
  }
  const { processes, maxMemoryBytes, ...limits } = numbers;
  const partsTimeMs = limits.timeoutMs * PARTS_TIME_SHARE;
  return new LaneAnalyzer(new DecoderPool({ processes, maxMemoryBytes, limits: { ...limits, partsTimeMs, tileRows, videoTools } }), 'bulk');
}

class LaneAnalyzer implements MediaAnalyzer {
  readonly #pool: DecoderPool;
  readonly #lane: Lane;

  constructor(pool: DecoderPool, lane: Lane) {
    this.#pool = pool;
    this.#lane = lane;
  }

  inLane(lane: Lane): MediaAnalyzer {
    return new LaneAnalyzer(this.#pool, lane);
  }

  analyze(filePath: string, options: AnalyzeOptions): Promise<MediaAnalysis> {
    return this.#submit(options.fileName, { kind: 'analyze', path: filePath, options }) as Promise<MediaAnalysis>;
  }

  preprocess(filePath: string, input: ImageInputSpec, fileName = path.basename(filePath)): Promise<Float32Array> {
    return this.#submit(fileName, { kind: 'preprocess', path: filePath, fileName, input }) as Promise<Float32Array>;
  }

  modelInputs(filePath: string, input: ImageInputSpec, fileName = path.basename(filePath)): Promise<ModelInputs> {
    return this.#submit(fileName, { kind: 'model-inputs', path: filePath, fileName, input }) as Promise<ModelInputs>;
  }

  render(filePath: string, recipe: RenditionRecipe, fileName = path.basename(filePath)): Promise<Rendition> {
    return this.#submit(fileName, { kind: 'render', path: filePath, fileName, recipe }) as Promise<Rendition>;
  }

  /** A mark takes up to seconds: each is a piece of its own, and others have their turn in between. */
  async findMarks(filePath: string, marks: readonly MarkFile[], fileName = path.basename(filePath)): Promise<MarkSighting[]> {
    const found: MarkSighting[][] = [];
    for (const mark of marks)
      found.push((await this.#submit(fileName, { kind: 'find-mark', path: filePath, fileName, mark })) as MarkSighting[]);
    const of = (isWatermark: boolean) => found.filter((_, index) => (marks[index]?.isWatermark ?? false) === isWatermark).flat();
    return [...withoutOverlap(of(false)), ...mostConfidentFirst(of(true))];
  }

  async checkMark(mark: MarkFile): Promise<void> {
    await this.#submit(mark.fileName, { kind: 'check-mark', mark });
  }

  async describe(packet: Uint8Array, fileName: string): Promise<EmbeddedMetadata | null> {
    return ((await this.#submit(fileName, { kind: 'describe', packet })) as { said: EmbeddedMetadata | null }).said;
  }

  async writeMetadata(copy: MetadataCopy): Promise<void> {
    await this.#submit(copy.fileName, { kind: 'write-metadata', copy });
  }

  pids(): number[] {
    return this.#pool.pids();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #submit(fileName: string, task: DecoderTask): Promise<DecoderResult> {
    return ownArrays(await this.#pool.submit(this.#lane, fileName, task));
  }
}

/** Bytes from the channel may be views into a larger buffer that would be kept alive with them; the caller gets arrays of its own. */
function ownArrays(result: DecoderResult): DecoderResult {
  if (result === null || Array.isArray(result)) return result;
  if (ArrayBuffer.isView(result)) return Float32Array.from(result);
  if ('said' in result) return result;
  if ('bytes' in result) return { ...result, bytes: Buffer.from(result.bytes) };
  const own = <T extends { pixels: Float32Array | null }>(given: T): T => ({
    ...given,
    pixels: given.pixels && Float32Array.from(given.pixels),
  });
  const parts = result.parts.map((part) => own({ ...part, thumbnail: part.thumbnail && Buffer.from(part.thumbnail) }));
  if (!('facts' in result)) return own({ ...result, parts });
  return own({ ...result, parts, thumbnail: result.thumbnail && Buffer.from(result.thumbnail) });
}
