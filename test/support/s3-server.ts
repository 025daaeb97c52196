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
  /** Objects and parts of multipart uploads that lie under `uploads/`. */
  leftOver(): Promise<string[]>;
  /** Starts it again at the same address. */
  restart(): Promise<void>;
}

// s3rver does not list and abort multipart uploads: what S3 does there is added, on the folders that it keeps them in.
// Ends with its standard input, so that it never outlives a test run that was killed.
const PROGRAM = `
  const S3rver = require(process.argv[1]);
  const server = new S3rver({ address: '127.0.0.1', port: Number(process.argv[3]), silent: true, directory: process.argv[2], configureBuckets: [{ name: 'vitrine-test' }] });
  const fs = require('node:fs');
  const path = require('node:path');
  const failure = (ctx, status, code) => { ctx.status = status; ctx.body = { Error: { Code: code, Message: code } }; };
  const multipart = async (ctx, next) => {
    const [, bucket, ...rest] = ctx.path.split('/');
    const key = decodeURIComponent(rest.join('/'));
    const all = server.store.getResourcePath(bucket, undefined, 'uploads');
    const ids = () => (fs.existsSync(all) ? fs.readdirSync(all) : []);
    const keyOf = (id) => fs.readFileSync(path.join(all, id, 'key'), 'utf8');
    if (ctx.method === 'GET' && key === '' && 'uploads' in ctx.query) {
      const Upload = ids().map((UploadId) => ({ Key: keyOf(UploadId), UploadId, Initiated: fs.statSync(path.join(all, UploadId, 'key')).mtime.toISOString() }))
        .filter(({ Key }) => Key.startsWith(ctx.query.prefix ?? ''));
      ctx.body = { ListMultipartUploadsResult: { Bucket: bucket, IsTruncated: false, Upload } };
      return;
    }
    const id = ctx.query.uploadId;
    if (id === undefined || !['GET', 'DELETE'].includes(ctx.method)) {
      if (id !== undefined && !ids().includes(id)) return failure(ctx, 404, 'NoSuchUpload');
      // S3 takes a part only with the length that was signed; s3rver does not compare it.
      return next();
    }
    if (!ids().includes(id) || keyOf(id) !== key) return failure(ctx, 404, 'NoSuchUpload');
    const folder = path.join(all, id);
    if (ctx.method === 'DELETE') { fs.rmSync(folder, { recursive: true }); ctx.status = 204; return; }
    const after = Number(ctx.query['part-number-marker'] ?? 0);
    const numbers = fs.readdirSync(folder).filter((name) => /^[0-9]+$/.test(name)).map(Number).sort((a, b) => a - b).filter((n) => n > after);
    // Two parts a page, so that tests see the paging.
    const page = numbers.slice(0, 2);
    const Part = page.map((n) => ({
      PartNumber: n, Size: fs.statSync(path.join(folder, String(n))).size,
      ETag: JSON.stringify(fs.readFileSync(path.join(folder, n + '.md5'), 'utf8')), LastModified: new Date().toISOString(),
    }));
    ctx.body = { ListPartsResult: { Bucket: bucket, Key: key, UploadId: id, IsTruncated: numbers.length > 2, NextPartNumberMarker: page.at(-1) ?? 0, Part } };
  };
  server.middleware.splice(-1, 0, multipart);
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
    leftOver: async () => {
      const names = await readdir(folder, { recursive: true });
      return names.filter((name) => /uploads\//.test(name) && !name.endsWith('/uploads'));
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
