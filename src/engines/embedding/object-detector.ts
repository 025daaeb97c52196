import { fileURLToPath } from 'node:url';
import { VitrineError } from '../../errors.js';
import { type OnnxSession, openOnnxSession, type ProviderChoice } from '../embedding/onnx-session.js';
import type { EncodeOutcome } from '../embedding/resilient-batch.js';
import type { DetectorDescription } from './detector-manifest.js';

/** One NonMaxSuppression node (scripts/write-nms-model.js). */
const NMS_MODEL = fileURLToPath(new URL('../../../models/nms/nms.onnx', import.meta.url));

/** Numbers of one box in what {@link ObjectDetector.encode} gives: two corners in pixels of the input, confidence, class. */
export const VALUES_PER_BOX = 6;

interface Raw {
  /** Two corners each, in pixels of the input. */
  boxes: Float32Array;
  /** Class by class, of each box. */
  scores: Float32Array;
  count: number;
}

/** Prepared pictures to boxes, one at a time; lives in a worker thread. */
export class ObjectDetector {
  readonly provider: OnnxSession['provider'];
  readonly dimensions = VALUES_PER_BOX;
  readonly maxBatch = 1;
  readonly threads: number;
  readonly #network: OnnxSession;
  readonly #thinner: OnnxSession;
  readonly #detector: DetectorDescription;

  private constructor(network: OnnxSession, thinner: OnnxSession, detector: DetectorDescription, threads: number) {
    this.threads = threads;
    this.#network = network;
    this.#thinner = thinner;
    this.#detector = detector;
    this.provider = network.provider;
  }

  /** Loads the network and runs one plain picture through it. @throws VitrineError MODEL_INVALID, MODEL_PROVIDER_UNAVAILABLE */
  static async open(detector: DetectorDescription, provider: ProviderChoice, threads: number): Promise<ObjectDetector> {
    const network = await openOnnxSession({ file: detector.path, provider, threads });
    const thinner = await openOnnxSession({ file: NMS_MODEL, provider: 'cpu', threads: 1 });
    const opened = new ObjectDetector(network, thinner, detector, threads);
    try {
      const { width, height } = detector.input;
      await opened.#detect(new Float32Array(3 * width * height).fill(0.5));
      return opened;
    } catch (cause) {
      await opened.close();
      if (cause instanceof VitrineError) throw cause;
      throw new VitrineError(
        'MODEL_INVALID',
        `${detector.path} loads but does not run as its manifest says (${(cause as Error).message.slice(0, 300)}).`,
        { field: 'input', cause },
      );
    }
  }

  /** One outcome per picture: {@link VALUES_PER_BOX} numbers a box, the surest first. */
  async encode(pictures: readonly unknown[]): Promise<EncodeOutcome[]> {
    const outcomes: EncodeOutcome[] = [];
    for (const pixels of pictures) {
      try {
        outcomes.push({ vector: await this.#detect(pixels as Float32Array) });
      } catch (error) {
        const code = error instanceof VitrineError ? error.code : 'EMBEDDING_FAILED';
        outcomes.push({
          code,
          message: error instanceof VitrineError ? error.message : 'The detector could not search this picture.',
        });
      }
    }
    return outcomes;
  }

  async close(): Promise<void> {
    await this.#network.close();
    await this.#thinner.close();
  }

  async #detect(pixels: Float32Array): Promise<Float32Array> {
    const { input, output } = this.#detector;
    const { width, height, layout } = input;
    const name = input.name ?? this.#network.inputs[0]?.name ?? 'images';
    const dims = layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3];
    const { data, dims: shape } = await this.#network.run(
      [{ name, data: this.#arrange(pixels), dims }],
      output.name ?? this.#network.outputs[0]?.name ?? 'output0',
    );
    if (output.layout === 'END_TO_END') return this.#sorted(this.#readFinal(data, shape));
    return this.#sorted(await this.#thin(this.#read(data, shape)));
  }

  /** From channels first in RGB to the order of the network. */
  #arrange(pixels: Float32Array): Float32Array {
    const { width, height, layout, channels } = this.#detector.input;
    if (layout === 'NCHW' && channels === 'RGB') return pixels;
    const area = width * height;
    const arranged = new Float32Array(3 * area);
    for (let channel = 0; channel < 3; channel++) {
      const from = (channels === 'RGB' ? channel : 2 - channel) * area;
      for (let at = 0; at < area; at++) arranged[layout === 'NCHW' ? channel * area + at : 3 * at + channel] = pixels[from + at] as number;
    }
    return arranged;
  }

  #read(data: Float32Array, shape: readonly number[]): Raw {
    const { classes, output } = this.#detector;
    const classesFirst = output.layout === 'CLASSES_FIRST';
    const values = classes.length + (classesFirst ? 4 : 5);
    const [, first, second] = shape;
    const count = (classesFirst ? second : first) as number;
    if (shape.length !== 3 || shape[0] !== 1 || (classesFirst ? first : second) !== values)
      throw this.#wrongShape(shape, classesFirst ? `[1, ${values}, n]` : `[1, n, ${values}]`);
    const at = (box: number, value: number) => data[classesFirst ? value * count + box : box * values + value] as number;
    const boxes = new Float32Array(4 * count);
    const scores = new Float32Array(classes.length * count);
    for (let box = 0; box < count; box++) {
      boxes.set(this.#corners(at(box, 0), at(box, 1), at(box, 2), at(box, 3)), 4 * box);
      const objectness = classesFirst ? 1 : at(box, 4);
      for (let index = 0; index < classes.length; index++)
        scores[index * count + box] = objectness * at(box, (classesFirst ? 4 : 5) + index);
    }
    return { boxes, scores, count };
  }

  async #thin({ boxes, scores, count }: Raw): Promise<number[][]> {
    const { classes, thresholds, maxDetections } = this.#detector;
    const { data: kept } = await this.#thinner.run(
      [
        { name: 'boxes', data: boxes, dims: [1, count, 4] },
        { name: 'scores', data: scores, dims: [1, classes.length, count] },
        { name: 'most', data: BigInt64Array.of(BigInt(maxDetections)), dims: [1] },
        { name: 'overlap', data: Float32Array.of(thresholds.overlap), dims: [1] },
        { name: 'least', data: Float32Array.of(thresholds.confidence), dims: [1] },
      ],
      'kept',
    );
    const found: number[][] = [];
    for (let at = 0; at < kept.length; at += 3) {
      const [index, box] = [kept[at + 1] as number, kept[at + 2] as number];
      found.push([...boxes.subarray(4 * box, 4 * box + 4), scores[index * count + box] as number, index]);
    }
    return found;
  }

  #readFinal(data: Float32Array, shape: readonly number[]): number[][] {
    if (shape.length !== 3 || shape[0] !== 1 || shape[2] !== VALUES_PER_BOX) throw this.#wrongShape(shape, `[1, n, ${VALUES_PER_BOX}]`);
    const { classes, thresholds } = this.#detector;
    const found: number[][] = [];
    for (let at = 0; at < data.length; at += VALUES_PER_BOX) {
      const [a, b, c, d, confidence, index] = data.subarray(at, at + VALUES_PER_BOX) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      if (confidence >= thresholds.confidence && index >= 0 && index < classes.length)
        found.push([...this.#corners(a, b, c, d), confidence, Math.round(index)]);
    }
    return found;
  }

  /** Two corners in pixels of the input. */
  #corners(a: number, b: number, c: number, d: number): [number, number, number, number] {
    const { input, output } = this.#detector;
    const [x, y] = output.units === 'SHARES' ? [input.width, input.height] : [1, 1];
    const isCenter = (output.boxes ?? (output.layout === 'END_TO_END' ? 'CORNERS' : 'CENTER')) === 'CENTER';
    if (isCenter) return [(a - c / 2) * x, (b - d / 2) * y, (a + c / 2) * x, (b + d / 2) * y];
    return [a * x, b * y, c * x, d * y];
  }

  /** What is no number is no box. */
  #sorted(found: readonly number[][]): Float32Array {
    const sane = found.filter((values) => values.every(Number.isFinite)).sort((one, other) => (other[4] as number) - (one[4] as number));
    return Float32Array.from(sane.slice(0, this.#detector.maxDetections).flat());
  }

  #wrongShape(shape: readonly number[], wanted: string): VitrineError {
    const { path, output, classes } = this.#detector;
    return new VitrineError(
      'MODEL_INVALID',
      `${path} gives [${shape.join(', ')}]; a detector of ${classes.length} classes with the output layout ${output.layout} gives ${wanted}. Correct output.layout or classes in detector.json.`,
      { field: 'output.layout', value: shape, allowed: wanted },
    );
  }
}
