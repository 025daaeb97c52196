import { readFile } from 'node:fs/promises';
import { APPEARANCES } from '../../vocabulary/appearance.js';
import { z } from 'zod';
import { VitrineError } from '../../errors.js';
import { MODEL_ID, relativePath, sha256Hex } from './model-manifest.js';

const precision = z.enum(['fp32', 'fp16', 'int8']);

const registryFile = z.object({
  path: relativePath,
  /** Null where no published value is known. */
  byteSize: z.int().positive().nullable(),
  sha256: sha256Hex.nullable(),
  /** Absent: needed whatever the precision. */
  precision: precision.optional(),
});

const tolerance = z.object({ fp32: z.number().positive(), fp16: z.number().positive(), int8: z.number().positive() });
const picture = z.object({ name: z.string(), sha256: sha256Hex });
const scored = { source: z.string(), picture, texts: z.array(z.string()).min(1), values: z.array(z.number()).min(1), tolerance };
const reference = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('logits'), ...scored }),
  z.object({ kind: z.literal('probabilities'), ...scored }),
  z.object({ kind: z.literal('cosines'), ...scored }),
  z.object({ kind: z.literal('pictureVector'), source: z.string(), picture, values: z.array(z.number()).min(1), tolerance }),
  z.object({ kind: z.literal('textVector'), source: z.string(), text: z.string(), values: z.array(z.number()).min(1), tolerance }),
]);

const entry = z.object({
  id: z.string().regex(MODEL_ID),
  title: z.string(),
  /** `owner/name` on the source, in the layout that transformers.js uses. */
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  /** A commit, or a branch where no full commit hash is known. */
  revision: z.string().regex(/^[\w.-]+$/),
  license: z.string(),
  dimensions: z.int().positive(),
  languages: z.array(z.string()).min(1),
  /** Kinds of pictures that it was trained on; absent: all. */
  domains: z.array(z.enum(APPEARANCES)).min(1).optional(),
  defaultPrecision: precision,
  note: z.string().default(''),
  logitScale: z.number().positive().optional(),
  logitBias: z.number().optional(),
  lowercase: z.boolean().optional(),
  files: z.array(registryFile).min(1),
  /** Published figures about this model; vectors by their first values, of length 1. */
  references: z.array(reference),
});

const registrySchema = z.object({ about: z.string(), models: z.array(entry) });

export type RegistryEntry = z.infer<typeof entry>;
export type RegistryFile = z.infer<typeof registryFile>;
export type ModelReference = z.infer<typeof reference>;

/** The models that `vitrine models pull` knows. Throws MODEL_INVALID where the file is damaged. */
export async function readRegistry(file: string): Promise<RegistryEntry[]> {
  const parsed = registrySchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data.models;
  const issue = parsed.error.issues[0]!;
  throw new VitrineError('MODEL_INVALID', `${file}: ${issue.path.join('.')}: ${issue.message}. Install Vitrine again.`);
}

/** Files of one precision, shared ones included. Throws BAD_USER_INPUT where the registry has none of it. */
export function filesOf(model: RegistryEntry, wanted: RegistryEntry['defaultPrecision']): RegistryFile[] {
  const files = model.files.filter((file) => file.precision === undefined || file.precision === wanted);
  if (files.some((file) => file.precision === wanted)) return files;
  const known = [...new Set(model.files.flatMap((file) => file.precision ?? []))];
  throw new VitrineError('BAD_USER_INPUT', `--precision: ${model.id} is not published as ${wanted}; allowed: ${known.join(', ')}.`, {
    field: '--precision',
    value: wanted,
    allowed: known,
  });
}
