// The embedded database: PGlite (PostgreSQL in WebAssembly) in a thread of its own, because it blocks the thread it runs in.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const { dataFolder, socketPath } = workerData as { dataFolder: string; socketPath: string };
const port = parentPort;
if (port === null) throw new Error('embedded.worker.ts runs as a worker thread');

const db = await PGlite.create({ dataDir: dataFolder, extensions: { vector, pg_trgm } });
const server = new PGLiteSocketServer({ db, path: socketPath, maxConnections: 8 });
await server.start();
port.on('message', async () => {
  await server.stop();
  await db.close();
  port.postMessage('closed');
  port.close();
});
port.postMessage('ready');
