import { open, readFile, rm } from 'node:fs/promises';
import { VitrineError } from '../../errors.js';

/** Held by one living process; what a dead one left is taken over. */
export async function lockModel(file: string, id: string): Promise<() => Promise<void>> {
  for (;;) {
    const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return null;
    });
    if (handle) {
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && owner !== process.pid && isAlive(owner))
      throw new VitrineError(
        'CONFLICT',
        `Process ${owner} is fetching ${id} at this moment. Let it end, or end it; this command can then go on.`,
      );
    await rm(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
