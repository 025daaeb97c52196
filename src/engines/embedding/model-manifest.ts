import path from 'node:path';
import { APPEARANCES } from '../../vocabulary/appearance.js';
import { z } from 'zod';
import { VitrineError } from '../../errors.js';
import { findByteSize, readModelJson, sha256OfFile } from './model-file.js';

/** What a model is called: in the registry, on the command line, as the name of its folder. */
export const MODEL_ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export const relativePath = z
  .string()
  .min(1)
  .max(300)
  .refine((value) => !path.isAbsolute(value) && !value.split(/[\\/]/).includes('..'), 'must be a path inside the model folder');
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');

const listedFile = z.object({ path: relativePath, byteSize: z.int().nonnegative(), sha256: sha256Hex });

/** Vitrine's own manifest.json: optional, and every key in it too. */
export const modelManifestSchema = z.object({
  id: z.string().min(1).max(200).optional(),
  /** For people. */
  name: z.string().min(1).max(200).optional(),
  license: z.string().max(200).optional(),
  /** Length of its vectors. */
  dimensions: z.int().positive().optional(),
  /** Kinds of pictures that it was trained on; absent: all. */
  domains: z.array(z.enum(APPEARANCES)).min(1).optional(),
  languages: z.array(z.string().min(2).max(35)).min(1).max(200).optional(),
  files: z.array(listedFile).max(200).optional(),
  promptPrefix: z.string().max(200).optional(),
  /** The model was trained on lower-cased text and its tokenizer does not see to that. */
  lowercase: z.boolean().optional(),
  /** Where `models pull` got it. */
  pulledFrom: z.object({ repository: z.string(), revision: z.string() }).optional(),
  logitScale: z.number().positive().max(10_000).optional(),
  logitBias: z.number().min(-1_000).max(1_000).optional(),
  prompts: z.object({ label: z.array(z.string().min(1).max(200)).max(100).optional() }).optional(),
  metrics: z.record(z.string(), z.unknown()).optional(),
});

export type ModelManifest = z.infer<typeof modelManifestSchema>;

export interface FileCheck {
  path: string;
  status: 'ok' | 'missing' | 'mismatch';
  byteSize: number | null;
  sha256: string | null;
  expectedByteSize: number;
  expectedSha256: string;
}

/** The folder's manifest, or an empty one where it has none. Throws MODEL_INVALID. */
export async function readManifest(folder: string): Promise<ModelManifest> {
  if ((await findByteSize(path.join(folder, 'manifest.json'))) === null) return {};
  return readModelJson(folder, 'manifest.json', modelManifestSchema);
}

/** Compares every listed file with its byte size and SHA-256. */
export async function checkListedFiles(folder: string, manifest: ModelManifest): Promise<FileCheck[]> {
  const checks: FileCheck[] = [];
  for (const listed of manifest.files ?? []) {
    const file = path.join(folder, listed.path);
    const byteSize = await findByteSize(file);
    const sha256 = byteSize === null ? null : await sha256OfFile(file);
    const status = byteSize === null ? 'missing' : byteSize === listed.byteSize && sha256 === listed.sha256 ? 'ok' : 'mismatch';
    checks.push({ path: listed.path, status, byteSize, sha256, expectedByteSize: listed.byteSize, expectedSha256: listed.sha256 });
  }
  return checks;
}

/** The first failed check as an error: MODEL_NOT_FOUND or MODEL_CHECKSUM_MISMATCH; null where all passed. */
export function failedCheckError(folder: string, checks: readonly FileCheck[]): VitrineError | null {
  const failed = checks.find((check) => check.status !== 'ok');
  if (!failed) return null;
  const remedy = `Fetch the model again, or replace that file; if the change was meant, write its new size and sum into manifest.json.`;
  if (failed.status === 'missing') {
    return new VitrineError('MODEL_NOT_FOUND', `Model folder ${folder}: ${failed.path}, listed in manifest.json, is missing. ${remedy}`, {
      field: failed.path,
    });
  }
  return new VitrineError(
    'MODEL_CHECKSUM_MISMATCH',
    `Model folder ${folder}: ${failed.path} is not the file that manifest.json lists: ${failed.byteSize} bytes with sha256 ${failed.sha256}, ` +
      `expected ${failed.expectedByteSize} bytes with sha256 ${failed.expectedSha256}. ${remedy}`,
    { field: failed.path, value: failed.sha256, allowed: failed.expectedSha256 },
  );
}
