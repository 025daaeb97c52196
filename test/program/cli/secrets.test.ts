import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nativeUrl } from '../../support/test-database.js';

/** Stands in whatever may be secret; must stand in nothing that the program says. */
const MARKER = 'tell-nobody-7Qx';
/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-secrets-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** All that a command prints, once it has ended. */
function printed(args: readonly string[], environment: Record<string, string>): Promise<{ code: number; output: string }> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    const env = { PATH, HOME, VITRINE_DATA: path.join(folder, 'data'), ...environment };
    execFile(process.execPath, ['dist/main.js', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

const login = nativeUrl === undefined ? undefined : new URL(nativeUrl);
if (login) login.password = MARKER;

it.each<[string, string[], Record<string, string>, RegExp]>([
  [
    'a database that nobody serves',
    ['keys', 'create', '--name', 'x'],
    { DATABASE_URL: `postgresql://me:${MARKER}@${NOWHERE}/v` },
    /PostgreSQL/,
  ],
  ...(login
    ? ([
        ['a database that refuses the login', ['keys', 'create', '--name', 'x'], { DATABASE_URL: login.href }, /password|authentication/i],
      ] as [string, string[], Record<string, string>, RegExp][])
    : []),
  ['an address that is none', ['serve'], { DATABASE_URL: `postgresql://me:${MARKER}@[broken/v` }, /DATABASE_URL/],
  [
    'a storage that nobody serves',
    ['serve'],
    {
      VITRINE_STORAGE: 's3',
      VITRINE_S3_ENDPOINT: `http://${NOWHERE}`,
      VITRINE_S3_BUCKET: 'files',
      VITRINE_S3_ACCESS_KEY_ID: `${MARKER}-id`,
      VITRINE_S3_SECRET_ACCESS_KEY: MARKER,
    },
    /VITRINE_S3_ENDPOINT/,
  ],
  ['a proxy that nobody serves', ['models', 'pull', 'tinyclip-8m'], { HTTPS_PROXY: `http://user:${MARKER}@${NOWHERE}` }, /HTTPS_PROXY/],
])('%s is told without the secret that was given for it', async (_, args, environment, said) => {
  const { code, output } = await printed(args, environment);
  expect([code === 0, said.test(output)]).toEqual([false, true]);
  expect(output).not.toContain(MARKER);
});
