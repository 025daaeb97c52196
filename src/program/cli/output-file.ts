import { stat } from 'node:fs/promises';
import path from 'node:path';
import { VitrineError } from '../../errors.js';

/** Where a command is to write, looked at before any work begins. @returns the whole path @throws VitrineError FILE_NOT_FOUND */
export async function readTarget(out: string): Promise<string> {
  const target = path.resolve(out);
  if ((await stat(path.dirname(target)).catch(() => null))?.isDirectory() !== true)
    throw new VitrineError('FILE_NOT_FOUND', `There is no folder ${path.dirname(target)} to write to.`, { field: '--out', value: out });
  return target;
}
