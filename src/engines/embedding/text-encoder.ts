import { VitrineError } from '../../errors.js';
import { EncoderSession } from './encoder-session.js';
import type { ModelDescription } from './model-description.js';
import type { ProviderChoice } from './onnx-session.js';
import { type EncodeOutcome, encodeResilient } from './resilient-batch.js';
import { type EncodedText, TextTokenizer } from './tokenizer.js';
import { cosine, normalize } from './vector.js';

/** Texts per run: long texts make the next query wait, and short ones gain nothing beyond it. */
const MAX_TEXT_BATCH = 16;

/** Two texts that must come out the same with and without padding before padding is left away. */
const PROBES = ['a', 'a red bicycle leaning on a wall'];

export type TextOutcome = EncodeOutcome & { tokenCount: number; truncated: boolean };

/** Texts to vectors; lives in a worker thread. */
export class TextEncoder {
  readonly provider: EncoderSession['provider'];
  /** Inside one operator. */
  readonly threads: number;
  readonly maxBatch: number;
  dimensions = 0;
  /** `longest`: padding is left away as far as the batch allows; `context`: this model's vectors depend on it, so it is always there. */
  padding: 'longest' | 'context' = 'context';
  /** Tokens of a padded text: the context, or the length that the graph fixes. */
  private readonly paddedLength: number;
  private readonly fixedBatch: number | null;
  private readonly session: EncoderSession;
  private readonly tokenizer: TextTokenizer;

  private constructor(session: EncoderSession, tokenizer: TextTokenizer, threads: number) {
    const [batch, length] = session.input('input_ids')!.shape;
    this.session = session;
    this.threads = threads;
    this.tokenizer = tokenizer;
    this.provider = session.provider;
    this.paddedLength = typeof length === 'number' ? length : tokenizer.contextLength;
    this.fixedBatch = typeof batch === 'number' ? batch : null;
    this.maxBatch = this.fixedBatch ?? MAX_TEXT_BATCH;
  }

  /** Loads tokenizer and encoder, and finds by trial whether padding may be left away. Throws as ImageEncoder.open does. */
  static async open(model: ModelDescription, provider: ProviderChoice, threads: number): Promise<TextEncoder> {
    const tokenizer = await TextTokenizer.open(model);
    const session = await EncoderSession.open(model, 'text', provider, threads);
    const encoder = new TextEncoder(session, tokenizer, threads);
    if (encoder.paddedLength < tokenizer.contextLength) {
      throw new VitrineError(
        'MODEL_INVALID',
        `${model.text.file} takes ${encoder.paddedLength} tokens, but config.json states ${tokenizer.contextLength}. The two belong to different models.`,
      );
    }
    const padded = await encoder.probe(model.text.file);
    encoder.dimensions = padded[0]!.length;
    if (encoder.paddedLength === tokenizer.contextLength && typeof session.input('input_ids')!.shape[1] !== 'number') {
      encoder.padding = 'longest';
      // Quantized activations share one scale per run, so trimming moves int8 vectors a little even in a causal encoder.
      const least = model.precision === 'int8' ? 0.999 : model.precision === 'fp16' ? 0.9999 : 0.99999;
      const trimmed = await encoder.probe(model.text.file).catch(() => null);
      if (!trimmed?.every((vector, i) => cosine(vector, padded[i]!) >= least)) encoder.padding = 'context';
    }
    return encoder;
  }

  /** One outcome per text; a text that cannot be tokenized gets BAD_USER_INPUT. */
  async encode(texts: readonly string[]): Promise<TextOutcome[]> {
    const outcomes = new Array<TextOutcome>(texts.length);
    const good: { at: number; text: EncodedText }[] = [];
    for (const [at, text] of texts.entries()) {
      try {
        good.push({ at, text: this.tokenizer.encode(text) });
      } catch (cause) {
        const known = cause instanceof VitrineError;
        outcomes[at] = {
          code: known ? cause.code : 'EMBEDDING_FAILED',
          message: known ? cause.message : 'The model cannot read this text.',
          tokenCount: 0,
          truncated: false,
        };
      }
    }
    if (good.length === 0) return outcomes;
    const encoded = await encodeResilient(
      good.map((entry) => entry.text),
      (batch) => this.runRows(batch),
    );
    for (const [k, { at, text }] of good.entries())
      outcomes[at] = { ...encoded.outcomes[k]!, tokenCount: text.tokenCount, truncated: text.truncated };
    return outcomes;
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  private async probe(file: string): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (const text of PROBES) {
      const row = await this.runRows([this.tokenizer.encode(text)]).then(
        ([first]) => first!,
        (cause: Error) => {
          throw new VitrineError('MODEL_INVALID', `${file} loads but does not run on a short text (${cause.message.slice(0, 300)}).`, {
            cause,
          });
        },
      );
      const vector = normalize(row);
      if (!vector)
        throw new VitrineError(
          'MODEL_OUTPUT_INVALID',
          `${file} gives no usable vector for the text "${text}". Fetch the model again or choose another precision.`,
        );
      vectors.push(vector);
    }
    return vectors;
  }

  private async runRows(texts: readonly EncodedText[]): Promise<Float32Array[]> {
    const length = this.padding === 'context' ? this.paddedLength : Math.max(...texts.map((text) => text.ids.length));
    const count = this.fixedBatch ?? texts.length;
    const ids = new BigInt64Array(count * length).fill(BigInt(this.tokenizer.padTokenId));
    const mask = new BigInt64Array(count * length);
    for (const [row, text] of texts.entries()) {
      for (const [column, id] of text.ids.entries()) ids[row * length + column] = BigInt(id);
      mask.fill(1n, row * length, row * length + text.ids.length);
    }
    const rows = await this.session.run(
      [
        { name: 'input_ids', data: ids, dims: [count, length] },
        { name: 'attention_mask', data: mask, dims: [count, length] },
        { name: 'token_type_ids', data: new BigInt64Array(count * length), dims: [count, length] },
      ],
      texts.length,
    );
    if (this.dimensions > 0 && rows[0]!.length !== this.dimensions) {
      throw new VitrineError(
        'MODEL_OUTPUT_INVALID',
        `The model gave vectors of ${rows[0]!.length} dimensions, after ${this.dimensions} at start.`,
      );
    }
    return rows;
  }
}
