import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export interface NativeServer {
  url: string;
  /** Ends it at once, with every session, and starts it again: `pg_ctl restart -m immediate`. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

/** A PostgreSQL server of a test's own, which other tests do not see fall. */
export async function startOwnNativeServer(): Promise<NativeServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-own-native-'));
  // The server runs under an account of its own.
  await chmod(folder, 0o755);
  const script = async (...args: string[]) => {
    const options = { env: { ...process.env, VITRINE_NATIVE_FOLDER: path.join(folder, 'server') } };
    return (await promisify(execFile)('scripts/native-postgres.sh', args, options)).stdout.trim();
  };
  const started = await script('start', '--fsync', 'on', '--shared-buffers', '64MB');
  return {
    url: (started.split('\n').at(-1) as string).replace('DATABASE_URL=', ''),
    crash: async () => void (await script('crash')),
    close: async () => {
      await script('destroy');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
