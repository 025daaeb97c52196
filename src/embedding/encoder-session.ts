import { VitrineError } from '../errors.js';
import type { ModelDescription } from './model-description.js';
import {
  type NamedTensor,
  type OnnxSession,
  openOnnxSession,
  type Provider,
  type ProviderChoice,
  type TensorShape,
} from './onnx-session.js';

const IMAGE_INPUTS = ['pixel_values'];
const TEXT_INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'];

/** One encoder of the model: its session, the output that holds the vectors, and stand-ins for the other encoder's inputs. */
export class EncoderSession {
  readonly provider: Provider;
  readonly output: string;
  private readonly session: OnnxSession;
  private readonly model: ModelDescription;
  private fillers: NamedTensor[] = [];

  private constructor(session: OnnxSession, model: ModelDescription, output: string) {
    this.session = session;
    this.model = model;
    this.output = output;
    this.provider = session.provider;
  }

  /** Throws MODEL_INVALID where inputs or outputs are not those of a CLIP encoder, MODEL_PROVIDER_UNAVAILABLE as openOnnxSession does. */
  static async open(model: ModelDescription, side: 'image' | 'text', provider: ProviderChoice, threads: number): Promise<EncoderSession> {
    const { file } = model[side];
    const session = await openOnnxSession({ file, provider, threads });
    const fail = (problem: string) =>
      new VitrineError('MODEL_INVALID', `${file} is not the ${side} encoder of a CLIP model: ${problem}.`, { field: file });
    const wanted = side === 'image' ? model.imageOutputs : model.textOutputs;
    const output = wanted.find((name) => session.outputs.some((entry) => entry.name === name));
    if (!output) throw fail(`it gives ${list(session.outputs)}, not ${wanted.join(' or ')}`);
    const own = side === 'image' ? IMAGE_INPUTS : TEXT_INPUTS;
    const known = model.combined ? [...IMAGE_INPUTS, ...TEXT_INPUTS] : own;
    const unknown = session.inputs.filter((input) => !known.includes(input.name));
    if (unknown.length > 0) throw fail(`it wants ${list(unknown)}; known inputs are ${known.join(', ')}`);
    if (!session.inputs.some((input) => input.name === own[0])) throw fail(`it has no input ${own[0]}`);
    const opened = new EncoderSession(session, model, output);
    if (model.combined) opened.fillers = opened.fillersFor(side, 0);
    return opened;
  }

  input(name: string): TensorShape | undefined {
    return this.session.inputs.find((entry) => entry.name === name);
  }

  /** Runs the encoder; rows of the output, one per item. Throws what onnxruntime throws, MODEL_OUTPUT_INVALID on another shape. */
  async run(feeds: readonly NamedTensor[], rows: number): Promise<Float32Array[]> {
    const { data, dims } = await this.session.run([...feeds.filter((feed) => this.input(feed.name)), ...this.fillers], this.output);
    if (dims.length !== 2 || dims[0]! < rows || data.length !== dims[0]! * dims[1]!) {
      throw new VitrineError(
        'MODEL_OUTPUT_INVALID',
        `The model's output ${this.output} has shape [${dims.join(', ')}] for ${rows} items, expected [${rows}, dimensions].`,
      );
    }
    const width = dims[1]!;
    return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
  }

  /** A combined graph wants both encoders' inputs: none of the other kind where the graph bears that, else one. */
  async settleFillers(side: 'image' | 'text', probe: () => Promise<unknown>): Promise<void> {
    if (this.fillers.length === 0) return;
    try {
      await probe();
    } catch {
      this.fillers = this.fillersFor(side, 1);
    }
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  private fillersFor(side: 'image' | 'text', count: number): NamedTensor[] {
    const { width, height } = this.model.imageInput;
    const others = side === 'image' ? TEXT_INPUTS : IMAGE_INPUTS;
    return others
      .filter((name) => this.input(name))
      .map((name) =>
        name === 'pixel_values'
          ? { name, data: new Float32Array(count * 3 * height * width), dims: [count, 3, height, width] }
          : { name, data: new BigInt64Array(count * 2).fill(1n), dims: [count, 2] },
      );
  }
}

function list(entries: readonly TensorShape[]): string {
  return entries.map((entry) => entry.name).join(', ') || 'nothing';
}
