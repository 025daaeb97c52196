import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { VitrineError } from '../../errors.js';
import type { ModelDescription } from './model-description.js';
import { findByteSize, modelInvalid } from './model-file.js';
import {
  type NamedTensor,
  type OnnxSession,
  openOnnxSession,
  type Provider,
  type ProviderChoice,
  type TensorShape,
} from './onnx-session.js';
import { extractSubgraph } from './onnx-subgraph.js';

/** A protobuf message, which is what an ONNX file is, cannot be larger. */
const MAX_CUT_BYTES = 2 ** 31 - 1;

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
    const bytes = model.combined ? await cutOut(model, side) : null;
    const session = await openOnnxSession({ file, provider, threads, ...(bytes ? { bytes } : {}) });
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
    if (model.combined) opened.fillers = opened.fillersFor(side);
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

  async close(): Promise<void> {
    await this.session.close();
  }

  /** What a graph that could not be cut apart wants for its other encoder: one grey picture, or one text of two tokens. */
  private fillersFor(side: 'image' | 'text'): NamedTensor[] {
    const { width, height } = this.model.imageInput;
    const others = side === 'image' ? TEXT_INPUTS : IMAGE_INPUTS;
    return others
      .filter((name) => this.input(name))
      .map((name) =>
        name === 'pixel_values'
          ? { name, data: new Float32Array(3 * height * width), dims: [1, 3, height, width] }
          : { name, data: new BigInt64Array(2).fill(1n), dims: [1, 2] },
      );
  }
}

/** The part of a combined file that this encoder is, or null where the file has to be run as a whole. */
async function cutOut(model: ModelDescription, side: 'image' | 'text'): Promise<Buffer | null> {
  const { file } = model[side];
  if (((await findByteSize(file)) ?? 0) > MAX_CUT_BYTES) return null;
  try {
    const whole = await readFile(file);
    for (const output of side === 'image' ? model.imageOutputs : model.textOutputs) {
      const part = extractSubgraph(whole, output);
      if (part) return part;
    }
    return null;
  } catch (cause) {
    throw modelInvalid(
      model.folder,
      path.basename(file),
      `cannot be read as an ONNX model: ${(cause as Error).message} Fetch the model again`,
    );
  }
}

function list(entries: readonly TensorShape[]): string {
  return entries.map((entry) => entry.name).join(', ') || 'nothing';
}
