import { VitrineError } from '../../errors.js';
import type { Appearance } from '../../vocabulary/appearance.js';
import type { ImageInputSpec } from '../media/model-input.js';
import { EncoderThread, type ReadyEncoder } from './encoder-thread.js';
import type { Lane } from '../../lane-queue.js';
import type { ModelDescription, Precision } from './model-description.js';
import { readModelFolder } from './model-folder.js';
import type { ItemResult } from './model-messages.js';
import type { Provider, ProviderChoice } from './onnx-session.js';
import { normalizeText } from './tokenizer.js';

/** A text that fills the longest context known (8,192 tokens) has some 40,000 characters. */
const MAX_TEXT_CHARACTERS = 100_000;

export type { Lane } from '../../lane-queue.js';
export type { Provider, ProviderChoice } from './onnx-session.js';

export interface EmbedderOptions {
  modelFolder: string;
  provider: ProviderChoice;
  precision?: Precision;
  /** Threads inside one operator; without it what is measured to be quickest for pictures, and max(1, min(cores - 1, 4)) for texts. */
  threads?: number;
  /** Pictures per run; without it 8 at 224 x 224 on the CPU, more for smaller inputs and on a GPU. */
  maxImageBatch?: number;
}

export interface EmbedderInfo {
  modelId: string;
  /** 16 hex digits; vectors of two revisions must never be compared. */
  revision: string;
  dimensions: number;
  provider: Provider;
  precision: Precision;
  threads: number;
  maxImageBatch: number;
  contextLength: number;
  /** What a cosine is multiplied with before softmax (clip) or sigmoid (siglip). */
  logitScale: number;
  logitBias: number | null;
  modelType: 'clip' | 'siglip';
  license: string | null;
  /** Kinds of pictures that it was trained on; null: all. */
  domains: readonly Appearance[] | null;
  languages: readonly string[];
  folder: string;
  /** Templates around a label, `{}` standing for it; [] where the model's maker names none. */
  labelPrompts: readonly string[];
  metrics?: Record<string, unknown>;
}

export interface TextEmbedding {
  /** Length 1; the caller's own copy. */
  vector: Float32Array;
  /** Tokens before truncation, begin and end included. */
  tokenCount: number;
  /** True where the model saw only the beginning of the text. */
  truncated: boolean;
}

/** A CLIP model ready to embed. Pictures and texts are encoded in two worker threads, so a query never waits for a picture batch. */
export interface Embedder {
  readonly info: EmbedderInfo;
  /** What embedImages expects: planar RGB floats, 3 x height x width. */
  readonly imageInput: ImageInputSpec;
  /**
   * One vector of length 1 or one error per picture, in order; a bad picture never fails its neighbours. Takes the arrays over
   * (they are empty afterwards). Calls in one lane are merged into batches; submit a few batches' worth and await, memory is bounded by that.
   * Rejects with MODEL_STOPPED only where the worker died or the embedder is closed.
   */
  embedImages(pixels: Float32Array[], lane?: Lane): Promise<(Float32Array | VitrineError)[]>;
  /** Vectors of length 1. Rejects with BAD_USER_INPUT for an empty text, EMBEDDING_FAILED, MODEL_STOPPED or MODEL_OUTPUT_INVALID. */
  embedTexts(texts: string[], lane?: Lane): Promise<TextEmbedding[]>;
  close(): Promise<void>;
}

/**
 * Opens a model folder: reads and checks it, loads both encoders, runs each once.
 * Throws MODEL_NOT_FOUND, MODEL_INVALID, MODEL_CHECKSUM_MISMATCH, MODEL_OUTPUT_INVALID or MODEL_PROVIDER_UNAVAILABLE.
 */
export async function openEmbedder(options: EmbedderOptions): Promise<Embedder> {
  const model = await readModelFolder(options.modelFolder, options.precision ? { precision: options.precision } : {});
  const threads = options.threads ?? null;
  const { provider, maxImageBatch = null } = options;
  const images = new EncoderThread({ side: 'image', model, provider, threads, maxImageBatch });
  const texts = new EncoderThread({ side: 'text', model, provider, threads, maxImageBatch });
  try {
    const [image, text] = await Promise.all([images.open(), texts.open()]);
    return new WorkerEmbedder(model, checkDimensions(model, image, text), images, texts);
  } catch (error) {
    await Promise.allSettled([images.close(), texts.close()]);
    throw error;
  }
}

function checkDimensions(model: ModelDescription, image: ReadyEncoder, text: ReadyEncoder): ReadyEncoder {
  const stated = model.dimensions ?? image.dimensions;
  if (image.dimensions === stated && text.dimensions === stated) return image;
  throw new VitrineError(
    'MODEL_INVALID',
    `Model folder ${model.folder}: config.json states ${model.dimensions ?? 'no'} dimensions, the image encoder gives ${image.dimensions} ` +
      `and the text encoder ${text.dimensions}. The files belong to different models; fetch the model again.`,
    { field: 'projection_dim', value: model.dimensions },
  );
}

class WorkerEmbedder implements Embedder {
  readonly info: EmbedderInfo;
  readonly imageInput: ImageInputSpec;
  private readonly images: EncoderThread;
  private readonly texts: EncoderThread;
  private readonly promptPrefix: string;
  private readonly lowercase: boolean;

  constructor(model: ModelDescription, image: ReadyEncoder, images: EncoderThread, texts: EncoderThread) {
    const {
      modelId,
      revision,
      precision,
      contextLength,
      logitScale,
      logitBias,
      modelType,
      license,
      domains,
      languages,
      folder,
      labelPrompts,
      metrics,
    } = model;
    const { dimensions, provider, threads, maxBatch } = image;
    this.info = {
      ...{ modelId, revision, dimensions, provider, precision, threads, maxImageBatch: maxBatch },
      ...{ contextLength, logitScale, logitBias, modelType, license, domains, languages, folder, labelPrompts },
      ...(metrics ? { metrics } : {}),
    };
    this.imageInput = model.imageInput;
    this.promptPrefix = model.promptPrefix;
    this.lowercase = model.lowercase;
    this.images = images;
    this.texts = texts;
  }

  async embedImages(pixels: Float32Array[], lane: Lane = 'bulk'): Promise<(Float32Array | VitrineError)[]> {
    const { width, height } = this.imageInput;
    const wrong = pixels.findIndex((picture) => picture.length !== 3 * height * width);
    if (wrong >= 0) {
      throw new TypeError(
        `pixels[${wrong}] has ${pixels[wrong]!.length} values, not 3 x ${height} x ${width}; embedImages empties the arrays it is given.`,
      );
    }
    const results = await this.images.encode(pixels, lane);
    return results.map((result) => ('vector' in result ? result.vector : toError(result)));
  }

  async embedTexts(texts: string[], lane: Lane = 'interactive'): Promise<TextEmbedding[]> {
    const clean = texts.map((text, i) => {
      const normal = normalizeText(text.slice(0, MAX_TEXT_CHARACTERS), texts.length === 1 ? 'text' : `texts[${i}]`);
      return this.lowercase ? normal.toLowerCase() : normal;
    });
    const found = new Map<string, TextEmbedding>();
    const distinct = [...new Set(clean)];
    const prompts = distinct.map((text) => this.promptPrefix + text);
    for (const [i, result] of (await this.texts.encode(prompts, lane)).entries()) {
      if (!('vector' in result)) throw toError(result);
      found.set(distinct[i]!, { vector: result.vector, tokenCount: result.tokenCount ?? 0, truncated: result.truncated ?? false });
    }
    return clean.map((text) => {
      const { vector, tokenCount, truncated } = found.get(text)!;
      return { vector: vector.slice(), tokenCount, truncated };
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.images.close(), this.texts.close()]);
  }
}

function toError(result: Extract<ItemResult, { message: string }>): VitrineError {
  return new VitrineError(result.code, result.message);
}
