import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { findByteSize, modelFileMissing, modelInvalid, sha256OfFile } from './model-file.js';
import type { EncoderWeights, Precision } from './model-description.js';

/** File name endings in order of choice where the caller names no precision; `_quantized` is transformers.js' int8. */
const VARIANTS: readonly { suffix: string; precision: Precision }[] = [
  { suffix: '', precision: 'fp32' },
  { suffix: '_quantized', precision: 'int8' },
  { suffix: '_int8', precision: 'int8' },
  { suffix: '_fp16', precision: 'fp16' },
];

export interface ChosenWeights {
  image: EncoderWeights;
  text: EncoderWeights;
  combined: boolean;
  precision: Precision;
}

/**
 * Chooses the encoder files of a model folder, in `onnx/` or beside config.json: the first precision that is there for both
 * encoders, two separate files before a combined one. Throws MODEL_NOT_FOUND naming the missing file.
 */
export async function chooseWeights(folder: string, wanted?: Precision): Promise<ChosenWeights> {
  for (const { suffix, precision } of VARIANTS) {
    if (wanted && wanted !== precision) continue;
    for (const place of ['onnx', '.']) {
      const at = (stem: string) => path.join(folder, place, `${stem}${suffix}.onnx`);
      const [image, text, both] = [at('vision_model'), at('text_model'), at('model')];
      if ((await exists(image)) && (await exists(text))) {
        return { image: { file: image, precision }, text: { file: text, precision }, combined: false, precision };
      }
      if (await exists(both)) return { image: { file: both, precision }, text: { file: both, precision }, combined: true, precision };
    }
  }
  throw await missingWeights(folder, wanted);
}

async function exists(file: string): Promise<boolean> {
  const byteSize = await findByteSize(file);
  if (byteSize === 0) throw modelInvalid(path.dirname(file), path.basename(file), 'is empty; fetch the model again');
  return byteSize !== null;
}

async function missingWeights(folder: string, wanted?: Precision): Promise<Error> {
  const names = await readdir(path.join(folder, 'onnx')).catch(() => []);
  const present = names.filter((name) => name.endsWith('.onnx')).slice(0, 12);
  const [vision, text] =
    wanted === 'int8'
      ? ['vision_model_quantized', 'text_model_quantized']
      : wanted === 'fp16'
        ? ['vision_model_fp16', 'text_model_fp16']
        : ['vision_model', 'text_model'];
  const absent = [vision, text].filter((stem) => !present.includes(`${stem}.onnx`)).map((stem) => `onnx/${stem}.onnx`);
  const note = present.length > 0 ? ` (in onnx/ there is: ${present.join(', ')})` : '';
  return modelFileMissing(folder, `${absent.join(' and ')}${wanted ? ` for precision ${wanted}` : ''}${note}`);
}

/**
 * SHA-256 of every file that the chosen weights consist of, external data (`<name>.onnx_data`, `<name>.onnx.data`) included.
 * `known` holds sums that were just taken, by absolute path.
 */
export async function hashWeights(chosen: ChosenWeights, known: ReadonlyMap<string, string>): Promise<string[]> {
  const sums: string[] = [];
  for (const part of await weightFiles(chosen)) sums.push(`${path.basename(part)} ${known.get(part) ?? (await sha256OfFile(part))}`);
  return sums;
}

/** The same files as paths inside the model folder, with `/`. */
export async function listWeightFiles(folder: string, chosen: ChosenWeights): Promise<string[]> {
  return (await weightFiles(chosen)).map((file) => path.relative(folder, file).split(path.sep).join('/'));
}

async function weightFiles(chosen: ChosenWeights): Promise<string[]> {
  const files: string[] = [];
  for (const file of new Set([chosen.image.file, chosen.text.file])) {
    const base = path.basename(file);
    const beside = (await readdir(path.dirname(file)))
      .filter((name) => name.startsWith(`${base}_data`) || name.startsWith(`${base}.data`))
      .sort();
    files.push(...[base, ...beside].map((name) => path.join(path.dirname(file), name)));
  }
  return files;
}
