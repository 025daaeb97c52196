import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { VitrineError } from '../../errors.js';

export interface EmbeddedDatabase {
  /** Folder of the Unix socket, as `host` for pg. */
  socketFolder: string;
  close(): Promise<void>;
}

/**
 * Starts PGlite on `dataFolder`/postgres and serves it on a Unix socket in a private folder.
 * @throws VitrineError DATA_FOLDER_LOCKED when another process has this folder open.
 */
export async function startEmbeddedDatabase(dataFolder: string): Promise<EmbeddedDatabase> {
  await mkdir(dataFolder, { recursive: true });
  const folder = await realpath(dataFolder);
  // Socket paths are limited to about 100 bytes, data folders are not: the socket lives under the temporary folder.
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const socketFolder = path.join(tmpdir(), `vitrine-${userInfo().uid}-${name}`);
  await mkdir(socketFolder, { recursive: true, mode: 0o700 });
  await chmod(socketFolder, 0o700);
  const lock = await lockFolder(folder, path.join(socketFolder, 'lock'));
  try {
    const socketPath = path.join(socketFolder, '.s.PGSQL.5432');
    await rm(socketPath, { force: true });
    const worker = new Worker(new URL('./embedded.worker.js', import.meta.url), {
      workerData: { dataFolder: path.join(folder, 'postgres'), socketPath },
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', (cause) =>
        reject(new VitrineError('DATABASE_UNREACHABLE', `The embedded database in ${folder} does not start: ${cause.message}`, { cause })),
      );
    });
    return {
      socketFolder,
      close: async () => {
        const closed = new Promise((resolve) => worker.once('message', resolve).once('exit', resolve));
        worker.postMessage('close');
        await closed;
        await worker.terminate();
        await closeServer(lock);
        await rm(socketFolder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await closeServer(lock);
    throw error;
  }
}

/** A listening socket is a lock that the kernel releases when the process dies, however it dies. */
async function lockFolder(folder: string, socketPath: string): Promise<Server> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const server = createServer((socket) => socket.end());
    const listening = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
      server.listen(socketPath, () => resolve(true));
    });
    if (listening) return server.unref();
    if (await answers(socketPath)) break;
    await rm(socketPath, { force: true }); // left behind by a process that died
  }
  throw new VitrineError(
    'DATA_FOLDER_LOCKED',
    `The data folder ${folder} is in use by another Vitrine process. Stop that one, or choose another folder with VITRINE_DATA.`,
    { field: 'VITRINE_DATA', value: folder },
  );
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
