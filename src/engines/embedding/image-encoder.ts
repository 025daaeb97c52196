import { VitrineError } from '../../errors.js';
import { EncoderSession } from './encoder-session.js';
import type { ModelDescription } from './model-description.js';
import type { ProviderChoice } from './onnx-session.js';
import { type EncodeOutcome, encodeResilient } from './resilient-batch.js';
import { batchCandidates, isQuicker, picturesToMeasure } from './thread-choice.js';
import { normalize } from './vector.js';

export interface ImageEncoderOptions {
  provider: ProviderChoice;
  threads: number;
  /** Null: by input size and provider. */
  maxBatch: number | null;
}

/** Preprocessed pictures to vectors, in batches; lives in a worker thread. */
export class ImageEncoder {
  readonly provider: EncoderSession['provider'];
  readonly dimensions: number;
  /** Inside one operator. */
  readonly threads: number;
  /** Pictures per run; shrinks for good when memory runs out. */
  maxBatch: number;
  private readonly session: EncoderSession;
  private readonly shape: readonly [number, number, number];
  /** Where the graph fixes its batch size, shorter batches are filled up with zeros. */
  private readonly fixedBatch: number | null;

  private constructor(
    session: EncoderSession,
    model: ModelDescription,
    { threads, maxBatch, fixedBatch, dimensions }: { threads: number; maxBatch: number; fixedBatch: number | null; dimensions: number },
  ) {
    this.session = session;
    this.threads = threads;
    this.provider = session.provider;
    this.shape = [3, model.imageInput.height, model.imageInput.width];
    this.maxBatch = maxBatch;
    this.fixedBatch = fixedBatch;
    this.dimensions = dimensions;
  }

  /** Loads the encoder and runs one grey picture through it. Throws MODEL_INVALID, MODEL_OUTPUT_INVALID or MODEL_PROVIDER_UNAVAILABLE. */
  static async open(model: ModelDescription, options: ImageEncoderOptions): Promise<ImageEncoder> {
    const session = await EncoderSession.open(model, 'image', options.provider, options.threads);
    const { width, height } = model.imageInput;
    const [batch, ...sides] = session.input('pixel_values')!.shape;
    if (sides.length !== 3 || sides.some((side, i) => typeof side === 'number' && side !== [3, height, width][i])) {
      throw new VitrineError(
        'MODEL_INVALID',
        `${model.image.file} takes pictures of shape [${sides.join(', ')}], but preprocessor_config.json makes [3, ${height}, ${width}]. The two belong to different models.`,
      );
    }
    const fixedBatch = typeof batch === 'number' ? batch : null;
    const maxBatch = fixedBatch ?? options.maxBatch ?? defaultBatch(width * height, session.provider);
    const limits = { threads: options.threads, maxBatch, fixedBatch };
    const unprobed = new ImageEncoder(session, model, { ...limits, dimensions: 0 });
    const grey = new Float32Array(3 * height * width);
    const row = await unprobed.runRows([grey]).then(
      ([first]) => first!,
      (cause: Error) => {
        throw new VitrineError(
          'MODEL_INVALID',
          `${model.image.file} loads but does not run on a ${width} x ${height} picture (${cause.message.slice(0, 300)}).`,
          { cause },
        );
      },
    );
    if (!normalize(row))
      throw new VitrineError(
        'MODEL_OUTPUT_INVALID',
        `${model.image.file} gives no usable vector even for a plain grey picture. Fetch the model again or choose another precision.`,
      );
    return new ImageEncoder(session, model, { ...limits, dimensions: row.length });
  }

  /**
   * Opens the encoder with the number of threads, and then of pictures per run, that it is quickest with on this machine: more threads gain
   * much with one model and lose with another. Takes about a second with a large model. @param candidates the first is kept unless another is
   * clearly quicker, and on a GPU
   */
  static async openQuickest(
    model: ModelDescription,
    options: Omit<ImageEncoderOptions, 'threads'>,
    candidates: readonly number[],
  ): Promise<ImageEncoder> {
    let best = await ImageEncoder.open(model, { ...options, threads: candidates[0] as number });
    for (const threads of candidates.slice(1)) {
      if (best.provider !== 'cpu') break;
      const [usual, other] = [best, await ImageEncoder.open(model, { ...options, threads })];
      const count = picturesToMeasure(await usual.timeOne(), usual.maxBatch);
      const quicker = await isQuicker(
        () => other.runGrey(count),
        () => usual.runGrey(count),
      );
      if (quicker) best = other;
      await (quicker ? usual : other).close();
    }
    if (best.provider === 'cpu' && best.fixedBatch === null && options.maxBatch === null) await best.measureBatches();
    return best;
  }

  /** Takes another number of pictures per run where that is clearly quicker for as many pictures. */
  private async measureBatches(): Promise<void> {
    for (const batch of batchCandidates(this.maxBatch, await this.timeOne())) {
      const [few, many] = [Math.min(batch, this.maxBatch), Math.max(batch, this.maxBatch)];
      const inRunsOf = (size: number) => async () => {
        for (let done = 0; done < many; done += size) await this.runGrey(size);
      };
      if (!(await isQuicker(inRunsOf(batch), inRunsOf(batch === few ? many : few)))) continue;
      this.maxBatch = batch;
      return;
    }
  }

  private async timeOne(): Promise<number> {
    const started = performance.now();
    await this.runGrey(1);
    return performance.now() - started;
  }

  private runGrey(count: number): Promise<unknown> {
    const [channels, height, width] = this.shape;
    return this.runRows(Array.from({ length: count }, () => new Float32Array(channels * height * width)));
  }

  /** One outcome per picture; `pixels` are planar RGB floats of the model's input size. */
  async encode(pictures: readonly Float32Array[]): Promise<EncodeOutcome[]> {
    const outcomes = new Array<EncodeOutcome>(pictures.length);
    const good: number[] = [];
    for (const [i, pixels] of pictures.entries()) {
      if (allFinite(pixels)) good.push(i);
      else outcomes[i] = { code: 'EMBEDDING_FAILED', message: 'The preprocessed picture holds a value that is not a finite number.' };
    }
    if (good.length > 0) {
      const encoded = await encodeResilient(
        good.map((i) => pictures[i]!),
        (batch) => this.runChecked(batch),
      );
      if (encoded.batchLimit !== null) this.maxBatch = Math.min(this.maxBatch, encoded.batchLimit);
      for (const [k, i] of good.entries()) outcomes[i] = encoded.outcomes[k]!;
    }
    return outcomes;
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  private async runChecked(pictures: readonly Float32Array[]): Promise<Float32Array[]> {
    const rows = await this.runRows(pictures);
    if (rows[0]!.length !== this.dimensions)
      throw new VitrineError(
        'MODEL_OUTPUT_INVALID',
        `The model gave vectors of ${rows[0]!.length} dimensions, after ${this.dimensions} at start.`,
      );
    return rows;
  }

  private runRows(pictures: readonly Float32Array[]): Promise<Float32Array[]> {
    const each = this.shape[0] * this.shape[1] * this.shape[2];
    const count = this.fixedBatch ?? pictures.length;
    // A single picture is used as it lies; several are laid one after another.
    const data = count === 1 ? pictures[0]! : new Float32Array(count * each);
    if (count > 1) for (const [i, pixels] of pictures.entries()) data.set(pixels, i * each);
    return this.session.run([{ name: 'pixel_values', data, dims: [count, ...this.shape] }], pictures.length);
  }
}

function allFinite(pixels: Float32Array): boolean {
  // NaN and infinities survive multiplication by 0 and addition, so one sum finds them without a branch per value.
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum += pixels[i]! * 0;
  return sum === 0;
}

/** 8 pictures of 224 x 224 were the best batch measured on two cores; smaller inputs take as many pixels, a GPU eight times as many. */
function defaultBatch(pixelsPerPicture: number, provider: EncoderSession['provider']): number {
  const onCpu = Math.round((8 * 224 * 224) / pixelsPerPicture);
  const most = provider === 'cpu' ? 32 : 64;
  return Math.min(most, Math.max(1, provider === 'cpu' ? onCpu : onCpu * 8));
}
