import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ErrorCode, isVitrineError, VitrineError } from '../../errors.js';
import type { ImageInputSpec } from '../media/model-input.js';
import { type Embedder, openEmbedder } from './embedder.js';
import { sha256OfFile } from './model-file.js';
import { checkListedFiles, type FileCheck, readManifest } from './model-manifest.js';
import type { ModelReference } from './model-registry.js';
import { cosine } from './vector.js';

export interface ModelCheck {
  folder: string;
  ok: boolean;
  /** Every file that manifest.json lists; empty where the folder has no manifest, then nothing vouches for the weights. */
  files: FileCheck[];
  /** What is wrong, each with what to do. */
  problems: { code: ErrorCode; message: string }[];
  modelId: string | null;
  revision: string | null;
  dimensions: number | null;
  references: ReferenceCheck[];
}

/** One published figure beside what this model gives. */
export interface ReferenceCheck {
  source: string;
  /** Pictures and texts that it is about, in words. */
  about: string;
  outcome: 'EQUAL' | 'DIFFERENT' | 'SKIPPED';
  expected: readonly number[];
  /** Empty where it was skipped. */
  got: readonly number[];
  /** Largest absolute difference that counts as equal. */
  tolerance: number;
  /** Why it was skipped, else null. */
  reason: string | null;
}

export interface ReferenceMaterial {
  references: readonly ModelReference[];
  /** Folder that holds the pictures by name; null: figures about pictures are skipped. */
  pictures: string | null;
  /** Decodes a picture to the model's input, outside this process. */
  preprocess(file: string, input: ImageInputSpec): Promise<Float32Array>;
}

/**
 * Checks a model folder from end to end: listed files, configuration, one run of both encoders on the CPU, and, with `material`, the
 * figures published about the model. Never throws for a bad model.
 */
export async function verifyModelFolder(folder: string, material?: ReferenceMaterial): Promise<ModelCheck> {
  const check: ModelCheck = {
    ...{ folder, ok: false, files: [], problems: [], modelId: null, revision: null, dimensions: null, references: [] },
  };
  try {
    check.files = await checkListedFiles(folder, await readManifest(folder));
    const embedder = await openEmbedder({ modelFolder: folder, provider: 'cpu' });
    try {
      const { modelId, revision, dimensions } = embedder.info;
      Object.assign(check, { modelId, revision, dimensions });
      await embedder.embedTexts(['a', 'two words']);
      for (const reference of material?.references ?? []) check.references.push(await checkReference(embedder, reference, material!));
    } finally {
      await embedder.close();
    }
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    check.problems.push({ code: error.code, message: error.message });
  }
  check.ok = check.problems.length === 0 && check.references.every((reference) => reference.outcome !== 'DIFFERENT');
  return check;
}

async function checkReference(embedder: Embedder, reference: ModelReference, material: ReferenceMaterial): Promise<ReferenceCheck> {
  const tolerance = reference.tolerance[embedder.info.precision];
  const about =
    reference.kind === 'textVector'
      ? `vector of the text "${reference.text}"`
      : reference.kind === 'pictureVector'
        ? `vector of ${reference.picture.name}`
        : `${reference.kind} of ${reference.picture.name} with ${reference.texts.length} texts`;
  const known = { source: reference.source, about, expected: reference.values, tolerance };
  const picture = reference.kind === 'textVector' ? null : reference.picture;
  const file = picture && material.pictures !== null ? path.join(material.pictures, picture.name) : null;
  const problem = picture && (await pictureProblem(file, picture));
  if (problem) return { ...known, outcome: 'SKIPPED', got: [], reason: problem };
  const got = await figures(embedder, reference, file === null ? null : await material.preprocess(file, embedder.imageInput));
  const equal = got.length === reference.values.length && got.every((value, i) => Math.abs(value - reference.values[i]!) <= tolerance);
  return { ...known, outcome: equal ? 'EQUAL' : 'DIFFERENT', got, reason: null };
}

async function pictureProblem(file: string | null, { name, sha256 }: { name: string; sha256: string }): Promise<string | null> {
  if (file === null) return `needs the picture ${name} (sha256 ${sha256.slice(0, 12)}...): name its folder with --pictures`;
  const found = await readFile(file).then(
    () => sha256OfFile(file),
    () => null,
  );
  if (found === null) return `${name} is not in that folder`;
  return found === sha256
    ? null
    : `${name} in that folder is another picture (sha256 ${found.slice(0, 12)}..., expected ${sha256.slice(0, 12)}...)`;
}

async function figures(embedder: Embedder, reference: ModelReference, pixels: Float32Array | null): Promise<number[]> {
  if (reference.kind === 'textVector') {
    const [text] = await embedder.embedTexts([reference.text]);
    return firstOf(text!.vector, reference.values.length);
  }
  const [vector] = await embedder.embedImages([pixels!]);
  if (vector instanceof VitrineError) throw vector;
  if (reference.kind === 'pictureVector') return firstOf(vector!, reference.values.length);
  const texts = await embedder.embedTexts(reference.texts);
  const cosines = texts.map((text) => cosine(text.vector, vector!));
  if (reference.kind === 'cosines') return cosines;
  const { logitScale, logitBias, modelType } = embedder.info;
  const logits = cosines.map((value) => value * logitScale + (logitBias ?? 0));
  if (reference.kind === 'logits') return logits;
  if (modelType === 'siglip') return logits.map((value) => 1 / (1 + Math.exp(-value)));
  const most = Math.max(...logits);
  const sum = logits.reduce((total, value) => total + Math.exp(value - most), 0);
  return logits.map((value) => Math.exp(value - most) / sum);
}

function firstOf(vector: Float32Array, count: number): number[] {
  return [...vector.subarray(0, count)];
}
