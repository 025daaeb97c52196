import { jest } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';
import { zipOf } from '../../support/zip-file.js';

jest.setTimeout(120_000);

const MEBIBYTE = 1024 * 1024;

let folder: string;
let test: TestApp;
let door: Server;
let doorUrl: string;
/** Where the server listens. */
let behind: string;
/** Bytes that PATCH requests brought through the door, and after how many of them it holds the line. */
let passed = 0;
let holdAfter = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-cli-import-'));
  door = createServer((asked, answer) => {
    const { method, url, headers } = asked;
    const onward = request(new URL(url as string, behind), { method, headers }, (said) => {
      answer.writeHead(said.statusCode as number, said.headers);
      said.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.on('close', () => asked.complete || onward.destroy());
    asked.on('end', () => onward.end());
    asked.on('data', (chunk: Buffer) => {
      if (method === 'PATCH') passed += chunk.length;
      if (!onward.write(chunk) || passed > holdAfter) asked.pause();
    });
    onward.on('drain', () => passed > holdAfter || asked.resume());
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  doorUrl = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  // The server as its callers know it is the door.
  const port = await freePort();
  behind = `http://127.0.0.1:${port}`;
  test = await openTestApp({ config: { VITRINE_PUBLIC_URL: doorUrl, VITRINE_PORT: String(port) } });
});
afterAll(async () => {
  door?.closeAllConnections();
  door?.close();
  await test?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  passed = 0;
  holdAfter = Number.POSITIVE_INFINITY;
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `vitrine import` of another machine: it has the server's address, a key, and a home of its own. */
function start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const { PATH, TMPDIR } = process.env;
  const child = spawn(process.execPath, [path.resolve('dist/main.js'), 'import', ...args, '--json'], {
    env: {
      ...(PATH && { PATH }),
      ...(TMPDIR && { TMPDIR }),
      HOME: path.join(folder, 'home'),
      VITRINE_SERVER: doorUrl,
      VITRINE_API_KEY: (test.organizations.main as TestOrganization).keys.EDITOR,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
  });
  const said: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (said.stdout += chunk));
  child.stderr.on('data', (chunk) => (said.stderr += chunk));
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ ...said, code }))) };
}

async function run(args: readonly string[]) {
  const { code, stdout, stderr } = await start(args).ended;
  if (stdout === '') throw new Error(`ended with ${code}: ${stderr}`);
  return {
    code,
    result: JSON.parse(stdout) as { state: string; counts: Record<string, number>; problems: { label: string; code: string }[] },
  };
}

describe('vitrine import, through a server', () => {
  it('imports a folder and says with its exit code whether all went well', async () => {
    const pictures = path.join(folder, 'pictures');
    await mkdir(path.join(pictures, 'deep'), { recursive: true });
    await writeFile(path.join(pictures, 'a.png'), await structuredPicture(9901));
    await writeFile(path.join(pictures, 'deep', 'b.png'), await structuredPicture(9902));
    expect(await run([pictures, '--dry-run'])).toMatchObject({ code: 0, result: { counts: { CREATED: 2 } } });
    expect(await run([pictures, '--tag', 'cli'])).toMatchObject({
      code: 0,
      result: { state: 'COMPLETED', counts: { CREATED: 2 }, problems: [] },
    });
    await writeFile(path.join(pictures, 'empty.png'), '');
    await writeFile(path.join(pictures, 'broken.png'), 'no picture\0');
    const again = await run([pictures]);
    expect(again).toMatchObject({ code: 2, result: { counts: { DUPLICATE: 2, REJECTED: 2 } } });
    expect(again.result.problems.map(({ label }) => label).sort()).toEqual(['broken.png', 'empty.png']);
  });

  it('imports an archive, and a manifest with the files it names', async () => {
    const archive = path.join(folder, 'all.zip');
    await writeFile(
      archive,
      zipOf([
        { name: 'one.png', content: await structuredPicture(9911) },
        { name: '../up.png', content: 'x' },
      ]),
    );
    expect(await run([archive])).toMatchObject({
      code: 2,
      result: { counts: { CREATED: 1, REJECTED: 1 }, problems: [{ label: '../up.png', code: 'ARCHIVE_INVALID' }] },
    });
    await writeFile(path.join(folder, 'm.png'), await structuredPicture(9912));
    await writeFile(path.join(folder, 'rows.csv'), 'file,externalId,title\nm.png,cli-1,First\nnone.png,,\n');
    expect(await run([path.join(folder, 'rows.csv')])).toMatchObject({ code: 2, result: { counts: { CREATED: 1, REJECTED: 1 } } });
    await writeFile(path.join(folder, 'change.jsonl'), '{"externalId": "cli-1", "title": "Second"}\n');
    expect(await run([path.join(folder, 'change.jsonl')])).toMatchObject({ code: 0, result: { counts: { UPDATED: 1 } } });
  });

  it('leaves addresses to the server, which judges them', async () => {
    const { code, stderr } = await start(['http://169.254.169.254/latest/meta-data']).ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/169\.254\.169\.254/)]);
    const missing = await start([path.join(folder, 'nowhere')]).ended;
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^FILE_NOT_FOUND: /)]);
  });

  it('interrupted in the middle of a large file, goes on there and sends nothing of it twice', async () => {
    const large = path.join(folder, 'large');
    await mkdir(large);
    const content = Buffer.concat([await structuredPicture(9921), Buffer.alloc(24 * MEBIBYTE, 7)]);
    await writeFile(path.join(large, 'large.png'), content);
    holdAfter = 12 * MEBIBYTE;
    const first = start([large]);
    while (passed <= holdAfter) await new Promise((resolve) => setTimeout(resolve, 20));
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    const sentFirst = passed;
    passed = 0;
    holdAfter = Number.POSITIVE_INFINITY;
    expect(await run([large])).toMatchObject({ code: 0, result: { counts: { CREATED: 1 } } });
    // What was in buffers when the line broke may be sent again.
    expect(sentFirst + passed).toBeLessThan(content.length + 2 * MEBIBYTE);
    expect(passed).toBeGreaterThan(0);
    expect(await run([large])).toMatchObject({ code: 0, result: { counts: { DUPLICATE: 1 } } });
  });
});
