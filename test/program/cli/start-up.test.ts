import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { freshDatabase, nativeUrl } from '../../support/test-database.js';
import { VitrineProcess } from '../../support/vitrine-process.js';

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

// Every case starts the program at least once; a machine that is busy elsewhere needs its time for that.
jest.setTimeout(120_000);

let settings: Awaited<ReturnType<typeof freshDatabase>>;
let folder: string;

beforeAll(async () => {
  settings = await freshDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-start-'));
});
afterAll(async () => {
  await settings.remove();
  await rm(folder, { recursive: true, force: true });
});

/** The program as a person starts it. It sees no variable of this process but PATH, HOME and TMPDIR. */
function vitrine(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const { PATH, HOME, TMPDIR } = process.env;
  const shared = Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const child = spawn(process.execPath, [path.resolve('dist/main.js'), ...args], {
    env: {
      ...shared,
      VITRINE_DATA: settings.dataFolder,
      VITRINE_PORT: '0',
      ...('url' in settings && { DATABASE_URL: settings.url }),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    timeout: 60_000,
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (ended.stdout += chunk));
  child.stderr.on('data', (chunk) => (ended.stderr += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ended, code })));
}

/** Exit code 1 and one line, which names the code, the thing at fault and what to do. */
function expectOneLine({ code, stdout, stderr }: Ended, error: string, ...words: (string | RegExp)[]): void {
  const lines = stderr.trimEnd().split('\n');
  expect({ code, stdout, lines: lines.length }).toEqual({ code: 1, stdout: '', lines: 1 });
  expect(lines[0]).toMatch(new RegExp(`^${error}: .{20,}[.?]$`));
  for (const word of words) expect(lines[0]).toMatch(word);
}

describe('the model', () => {
  it('that is not there is named', async () => {
    expectOneLine(
      await vitrine(['serve'], { VITRINE_MODEL: path.join(folder, 'no-model') }),
      'MODEL_NOT_FOUND',
      path.join(folder, 'no-model'),
    );
  });

  it('with a missing or a changed file is named with the file', async () => {
    const model = path.join(folder, 'model');
    await cp('models/vitrine-sketch', model, { recursive: true });
    const weights = await open(path.join(model, 'onnx/text_model.onnx'), 'r+');
    const byte = Buffer.alloc(1);
    await weights.read(byte, 0, 1, 5000);
    await weights.write(Buffer.from([(byte[0] as number) ^ 1]), 0, 1, 5000);
    await weights.close();
    expectOneLine(await vitrine(['serve'], { VITRINE_MODEL: model }), 'MODEL_CHECKSUM_MISMATCH', 'text_model.onnx');
    await rm(path.join(model, 'onnx/text_model.onnx'));
    expectOneLine(await vitrine(['serve'], { VITRINE_MODEL: model }), 'MODEL_NOT_FOUND', 'text_model.onnx');
  });

  it('is never run on the CPU when CUDA was asked for and cannot be had', async () => {
    const ended = await vitrine(['keys', 'create', '--name', 'x'], { VITRINE_PROVIDER: 'cuda' });
    // On a machine with CUDA installed it works; silence about the CPU would be the fault.
    if (ended.code !== 0) expectOneLine(ended, 'MODEL_PROVIDER_UNAVAILABLE', /cuda/i);
  });
});

describe('addresses and settings', () => {
  it('a busy port is named', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      expectOneLine(await vitrine(['serve'], { VITRINE_PORT: String(port) }), 'PORT_IN_USE', String(port), 'VITRINE_PORT');
    } finally {
      server.close();
    }
  });

  it('a wrong variable is named, with its value where that holds no secret, and all of them at once', async () => {
    const { code, stderr } = await vitrine(['serve'], { VITRINE_PORT: 'http', VITRINE_PROVIDER: 'gpu', DATABASE_URL: 'mysql://x' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^CONFIG_INVALID: /);
    for (const said of ['VITRINE_PORT="http"', 'VITRINE_PROVIDER="gpu"', 'DATABASE_URL (its value is not shown)', '.env.example'])
      expect(stderr).toContain(said);
    expect(stderr).not.toContain('mysql://x');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('the database', () => {
  it('that cannot be reached is named, and its password is not', async () => {
    const ended = await vitrine(['serve'], { DATABASE_URL: 'postgresql://vitrine:secret-word@127.0.0.1:1/vitrine' });
    expectOneLine(ended, 'DATABASE_UNREACHABLE', 'DATABASE_URL', /127\.0\.0\.1:1/);
    expect(ended.stderr).not.toContain('secret-word');
  });

  (nativeUrl === undefined ? it.skip : it)('without pgvector says how to get it', async () => {
    const name = `vitrine_no_vector_${process.pid}`;
    const client = new pg.Client(nativeUrl);
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
      const url = new URL(nativeUrl as string);
      url.pathname = `/${name}`;
      const inside = new pg.Client(url.toString());
      await inside.connect();
      const { rows } =
        await inside.query(`SELECT rolsuper, (SELECT trusted FROM pg_available_extension_versions WHERE name = 'vector' LIMIT 1) AS trusted
        FROM pg_roles WHERE rolname = current_user`);
      await inside.end();
      // Who may create the extension gets it created.
      const may = rows[0].rolsuper || rows[0].trusted;
      const ended = await vitrine(['keys', 'create', '--name', 'x'], { DATABASE_URL: url.toString() });
      if (may) expect(ended.code).toBe(0);
      else expectOneLine(ended, 'DATABASE_INCOMPATIBLE', /pgvector|CREATE EXTENSION/);
    } finally {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await client.end();
    }
  });

  // PostgreSQL itself keeps its processes apart; the embedded database has one process.
  (nativeUrl === undefined ? it : it.skip)(
    'in a data folder that is in use is left alone',
    async () => {
      const running = start();
      try {
        const url = await running.url();
        expectOneLine(await vitrine(['serve']), 'DATA_FOLDER_LOCKED', settings.dataFolder, 'VITRINE_DATA');
        expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      } finally {
        await running.kill();
      }
    },
    120_000,
  );

  it('is left whole when the program is asked to stop, with exit code 0', async () => {
    const running = start();
    try {
      await running.url();
      const asked = Date.now();
      expect(await running.stop()).toBe(0);
      expect(Date.now() - asked).toBeLessThan(15_000);
    } finally {
      await running.kill();
    }
    const { code, stdout } = await vitrine(['keys', 'create', '--name', 'afterwards', '--role', 'editor']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^vtr_[\w-]{43}\n$/) });
  }, 120_000);
});

/** The server, until it is stopped or killed. */
function start(): VitrineProcess {
  const database: Record<string, string> = 'url' in settings ? { DATABASE_URL: settings.url } : {};
  return new VitrineProcess({ VITRINE_DATA: settings.dataFolder, VITRINE_LOG_LEVEL: 'warn', ...database });
}

describe('commands', () => {
  it('explain themselves without starting anything', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(version).toMatch(/^\d/);
    const pages = await Promise.all(
      [['--help'], ['import', '--help'], ['serve', '--help'], ['demo', '--help'], ['keys', 'create', '--help']].map((args) =>
        vitrine(args),
      ),
    );
    expect(pages.map(({ code, stderr }) => [code, stderr])).toEqual(Array(5).fill([0, '']));
    for (const command of ['serve', 'worker', 'import', 'demo', 'keys'])
      expect(pages[0]?.stdout).toMatch(new RegExp(`^  ${command} .*\\w`, 'm'));
    for (const [page, said] of [
      [1, '--collection'],
      [2, '--no-worker'],
      [3, '--once'],
      [4, '--role'],
    ] as const)
      expect(pages[page]?.stdout).toContain(said);
  });

  it('that are mistaken say so', async () => {
    const unknown = await vitrine(['no-such-command']);
    const missing = await vitrine(['import', 'no/such/folder']);
    const role = await vitrine(['keys', 'create', '--name', 'x', '--role', 'owner']);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/no-such-command|too many arguments/)]);
    expectOneLine(missing, 'FILE_NOT_FOUND', path.join(folder, 'no/such/folder'));
    expectOneLine(role, 'BAD_USER_INPUT', 'owner', 'ADMIN');
  });
});
