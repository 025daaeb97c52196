import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { VitrineError } from '../../errors.js';
import { fromHalfBits, toHalfBits } from './vector.js';

export type ProviderChoice = 'auto' | 'cpu' | 'cuda' | 'webgpu';
export type Provider = Exclude<ProviderChoice, 'auto'>;

export interface SessionOptions {
  file: string;
  /** The model itself, where it is not to be read from `file`. */
  bytes?: Uint8Array;
  provider: ProviderChoice;
  /** Threads inside one operator, on the CPU. */
  threads: number;
}

/** A tensor's element type and shape; a string is a dimension free to choose, a number a fixed one. */
export interface TensorShape {
  name: string;
  type: string;
  shape: readonly (number | string)[];
}

export interface NamedTensor {
  name: string;
  data: Float32Array | BigInt64Array;
  dims: readonly number[];
}

/** One loaded ONNX model. `run` blocks the thread it runs on, so a session lives in a worker thread. */
export interface OnnxSession {
  readonly provider: Provider;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  /** Runs the model for one named output, given back as float32. Throws what onnxruntime throws. */
  run(feeds: readonly NamedTensor[], output: string): Promise<{ data: Float32Array; dims: readonly number[] }>;
  close(): Promise<void>;
}

const REMEDIES: Record<Exclude<Provider, 'cpu'>, string> = {
  cuda:
    'It needs an NVIDIA GPU with its driver, CUDA 12 with cuDNN 9, and the CUDA libraries of onnxruntime-node, which the plain install leaves out: ' +
    'run `node node_modules/onnxruntime-node/script/install.js` once',
  webgpu: 'It needs a GPU with a Vulkan, Metal or Direct3D 12 driver that this process may open',
};

/**
 * Loads a model. `auto` takes CUDA where its library is installed and loads, else the CPU; it never takes WebGPU, whose adapter
 * may be a software renderer slower than the CPU. Throws MODEL_PROVIDER_UNAVAILABLE for a named provider that cannot be had,
 * MODEL_INVALID for a file that is not a model onnxruntime can read.
 */
export async function openOnnxSession(options: SessionOptions): Promise<OnnxSession> {
  // Every failure reaches the caller as an error; onnxruntime would print it a second time.
  env.logLevel = 'fatal';
  if (options.provider === 'auto') {
    if (cudaLibraryInstalled()) {
      const session = await create(options, 'cuda').catch(() => null);
      if (session) return session;
    }
    return openChecked(options, 'cpu');
  }
  return openChecked(options, options.provider);
}

async function openChecked(options: SessionOptions, provider: Provider): Promise<OnnxSession> {
  try {
    return await create(options, provider);
  } catch (cause) {
    if (provider !== 'cpu' && isProviderProblem(cause)) {
      throw new VitrineError(
        'MODEL_PROVIDER_UNAVAILABLE',
        `Provider ${provider} was asked for and cannot be had on this machine (${firstLine(cause)}). ${REMEDIES[provider]}; or choose provider cpu or auto.`,
        { field: 'provider', value: provider, allowed: ['auto', 'cpu', 'cuda', 'webgpu'], cause },
      );
    }
    throw new VitrineError(
      'MODEL_INVALID',
      `${options.file} cannot be loaded as an ONNX model (${firstLine(cause)}). The file is truncated, damaged or something else; fetch the model again.`,
      { field: path.basename(options.file), cause },
    );
  }
}

async function create(options: SessionOptions, provider: Provider): Promise<OnnxSession> {
  const session = await InferenceSession.create((options.bytes ?? options.file) as string, {
    executionProviders: [provider],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    // Spinning threads take the core that decoding needs; switching it off cost nothing measurable.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  });
  return new LoadedSession(session, provider);
}

/** A failure to get the provider and not the model's fault: the same words stand in front for either of the two. */
function isProviderProblem(cause: unknown): boolean {
  return (
    /execution ?provider|shared library|adapter|backend|webgpu|cuda|device|driver/i.test((cause as Error).message) &&
    !/protobuf|parsing failed|INVALID_PROTOBUF/i.test((cause as Error).message)
  );
}

/** The CUDA provider is a separate download of onnxruntime-node; asking for it when it is absent prints an error line. */
export function cudaLibraryInstalled(): boolean {
  const root = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const name = process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';
  return ['napi-v6', 'napi-v3'].some((abi) => existsSync(path.join(root, 'bin', abi, process.platform, process.arch, name)));
}

class LoadedSession implements OnnxSession {
  readonly provider: Provider;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  private readonly session: InferenceSession;

  constructor(session: InferenceSession, provider: Provider) {
    this.session = session;
    this.provider = provider;
    this.inputs = session.inputMetadata.flatMap((entry) =>
      entry.isTensor ? [{ name: entry.name, type: entry.type, shape: entry.shape }] : [],
    );
    this.outputs = session.outputMetadata.flatMap((entry) =>
      entry.isTensor ? [{ name: entry.name, type: entry.type, shape: entry.shape }] : [],
    );
  }

  async run(feeds: readonly NamedTensor[], output: string): Promise<{ data: Float32Array; dims: readonly number[] }> {
    const tensors: Record<string, Tensor> = {};
    for (const feed of feeds) tensors[feed.name] = this.toTensor(feed);
    const result = (await this.session.run(tensors, [output]))[output]!;
    return { data: toFloat32(result.data), dims: result.dims };
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  private toTensor(feed: NamedTensor): Tensor {
    const type = this.inputs.find((input) => input.name === feed.name)?.type;
    if (type === 'int32' && feed.data instanceof BigInt64Array) return new Tensor('int32', Int32Array.from(feed.data, Number), feed.dims);
    if (feed.data instanceof BigInt64Array) return new Tensor('int64', feed.data, feed.dims);
    if (type === 'float16') return new Tensor('float16', Uint16Array.from(feed.data, toHalfBits), feed.dims);
    return new Tensor('float32', feed.data, feed.dims);
  }
}

/** onnxruntime gives float16 as bits in a Uint16Array, or as Float16Array where the JavaScript engine has one. */
function toFloat32(data: Tensor['data']): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, fromHalfBits);
  if (ArrayBuffer.isView(data)) return Float32Array.from(data as unknown as ArrayLike<number>, Number);
  throw new TypeError('The model gives something other than numbers.');
}

function firstLine(cause: unknown): string {
  const line = (cause as Error).message.split('\n')[0]!.trim();
  return line.length > 300 ? `${line.slice(0, 297)}...` : line;
}
