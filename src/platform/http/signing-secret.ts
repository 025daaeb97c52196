import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const LENGTH = 32;

/** The secret that signs file links: made at the first start, then kept in the data folder, readable by its owner only. */
export async function loadSigningSecret(dataFolder: string): Promise<Buffer> {
  await mkdir(dataFolder, { recursive: true });
  const file = path.join(dataFolder, 'signing-secret');
  await writeFile(file, randomBytes(LENGTH), { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return readFile(file);
}
