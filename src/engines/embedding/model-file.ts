import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { VitrineError } from '../../errors.js';

/** tokenizer.json of the largest multilingual models has some 17 MB. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** Byte size of a regular file, or null where there is none. */
export async function findByteSize(file: string): Promise<number | null> {
  const found = await stat(file).catch(() => null);
  return found?.isFile() ? found.size : null;
}

/** SHA-256 of a file in hex, streamed. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Reads and checks one JSON file of a model folder.
 * Throws MODEL_NOT_FOUND (no such file) or MODEL_INVALID, which names the file, the key and what is allowed.
 */
export async function readModelJson<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T> {
  const file = path.join(folder, name);
  const byteSize = await findByteSize(file);
  if (byteSize === null) throw modelFileMissing(folder, name);
  if (byteSize > MAX_JSON_BYTES) throw modelInvalid(folder, name, `has ${byteSize} bytes, more than a ${name} can have`);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw modelInvalid(folder, name, `is not readable JSON (${(cause as Error).message})`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const key = issue.path.join('.') || '(top level)';
  throw new VitrineError('MODEL_INVALID', `Model folder ${folder}: ${name}: key ${key}: ${issue.message}.`, { field: `${name}:${key}` });
}

export function modelFileMissing(folder: string, names: string): VitrineError {
  return new VitrineError(
    'MODEL_NOT_FOUND',
    `Model folder ${folder} has no ${names}. It needs config.json, preprocessor_config.json, tokenizer.json and ` +
      'onnx/vision_model.onnx with onnx/text_model.onnx (or one onnx/model.onnx), as transformers.js exports them. Fetch the model again or choose another folder.',
    { field: names },
  );
}

export function modelInvalid(folder: string, field: string, problem: string): VitrineError {
  return new VitrineError('MODEL_INVALID', `Model folder ${folder}: ${field} ${problem}.`, { field });
}
