import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface S3Server {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  forcePathStyle: true;
  close(): Promise<void>;
  /** Ends it as a crash would; what is stored stays. */
  stop(): Promise<void>;
  /** Hashes of the originals in the bucket. */
  storedHashes(): Promise<string[]>;
  /** Starts it again at the same address. */
  restart(): Promise<void>;
}

// Ends with its standard input, so that it never outlives a test run that was killed.
const PROGRAM = `
  const S3rver = require(process.argv[1]);
  const server = new S3rver({ address: '127.0.0.1', port: Number(process.argv[3]), silent: true, directory: process.argv[2], configureBuckets: [{ name: 'vitrine-test' }] });
  server.run().then((address) => process.stdout.write(address.port + '\\n'));
  process.stdin.resume().on('end', () => process.exit());
`;

/** A real S3 server (s3rver) on a free loopback port, with one empty bucket. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-s3-'));
  let server = spawnServer(folder, '0');
  const port = await firstLine(server);
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    await new Promise((resolve) => server.once('exit', resolve) && server.kill('SIGKILL'));
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'vitrine-test',
    region: 'us-east-1',
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
    forcePathStyle: true,
    stop,
    storedHashes: async () => {
      const names = await readdir(path.join(folder, 'vitrine-test'), { recursive: true });
      return [...new Set(names.flatMap((name) => /files\/..\/..\/([0-9a-f]{64})/.exec(name)?.[1] ?? []))];
    },
    restart: async () => {
      server = spawnServer(folder, port);
      await firstLine(server);
    },
    close: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function spawnServer(folder: string, port: string): ChildProcess {
  const s3rver = createRequire(import.meta.url).resolve('s3rver');
  // Its paging of listings uses DES, which OpenSSL 3 keeps in the legacy provider.
  return spawn(process.execPath, ['--openssl-legacy-provider', '-e', PROGRAM, s3rver, folder, port], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('exit', (code) => reject(new Error(`The S3 test server ended with code ${code} before it listened.`)));
  });
}
