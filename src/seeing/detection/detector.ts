import { VitrineError } from '../../errors.js';
import { EncoderThread } from '../../engines/embedding/encoder-thread.js';
import type { ProviderChoice } from '../../engines/embedding/onnx-session.js';
import type { ImageInputSpec } from '../../engines/media/model-input.js';
import { type DetectorDescription, imageInputOf } from '../../engines/embedding/detector-manifest.js';
import { VALUES_PER_BOX } from '../../engines/embedding/object-detector.js';

/** Something that was found; the box as shares (0 to 1) of the picture. */
export interface Detection {
  class: string;
  confidence: number;
  box: { left: number; top: number; width: number; height: number };
}

/** A detector in a worker thread of its own. */
export interface Detector {
  readonly description: DetectorDescription;
  readonly imageInput: ImageInputSpec;
  /**
   * What is in a picture, the surest first. `pixels` as {@link imageInput} says (they are handed over); `size` of the picture itself.
   * @throws VitrineError EMBEDDING_FAILED, MODEL_INVALID
   */
  detect(pixels: Float32Array, size: { width: number; height: number }): Promise<Detection[]>;
  close(): Promise<void>;
}

/** @throws VitrineError MODEL_INVALID when it does not run as its manifest says, MODEL_PROVIDER_UNAVAILABLE */
export async function openDetector(
  description: DetectorDescription,
  options: { provider: ProviderChoice; threads: number | null },
): Promise<Detector> {
  const thread = new EncoderThread({ side: 'detector', detector: description, maxImageBatch: 1, ...options });
  try {
    await thread.open();
  } catch (error) {
    await thread.close();
    throw error;
  }
  return {
    description,
    imageInput: imageInputOf(description),
    async detect(pixels, size) {
      const [result] = await thread.encode([pixels], 'bulk');
      if (result === undefined || !('vector' in result))
        throw new VitrineError(result?.code ?? 'EMBEDDING_FAILED', result?.message ?? 'The detector gave no answer.');
      return toDetections(result.vector, description, size);
    },
    close: () => thread.close(),
  };
}

/** From pixels of the network's input to shares of the picture. */
function toDetections(values: Float32Array, { input, classes }: DetectorDescription, size: { width: number; height: number }): Detection[] {
  const scale = Math.min(input.width / size.width, input.height / size.height);
  const inner =
    input.resize === 'STRETCH'
      ? { width: input.width, height: input.height }
      : { width: Math.max(1, Math.round(size.width * scale)), height: Math.max(1, Math.round(size.height * scale)) };
  const left = Math.floor((input.width - inner.width) / 2);
  const top = Math.floor((input.height - inner.height) / 2);
  const clip = (share: number) => Math.min(1, Math.max(0, share));
  const found: Detection[] = [];
  for (let at = 0; at < values.length; at += VALUES_PER_BOX) {
    const [x1, y1, x2, y2, confidence, index] = [...values.subarray(at, at + VALUES_PER_BOX)] as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const [from, to] = [clip((Math.min(x1, x2) - left) / inner.width), clip((Math.max(x1, x2) - left) / inner.width)];
    const [above, below] = [clip((Math.min(y1, y2) - top) / inner.height), clip((Math.max(y1, y2) - top) / inner.height)];
    if (to - from > 0 && below - above > 0)
      found.push({
        class: classes[index] as string,
        confidence: clip(confidence),
        box: { left: from, top: above, width: to - from, height: below - above },
      });
  }
  return found;
}
