import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FaultRoom } from '../../support/fault-room.js';
import { nativeUrl } from '../../support/test-database.js';
import { pause } from '../../support/vitrine-process.js';

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

/** Refuses whatever is asked of it, as S3, as a proxy and as a receiver would. */
async function startRefuser(): Promise<{ server: Server; host: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.method as string);
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>');
  });
  server.on('connect', (_request, socket) => {
    asked.push('CONNECT');
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

it('a server whose bucket, proxy and receivers refuse it logs and answers nothing of what it knows', async () => {
  const { server, host, asked } = await startRefuser();
  const room = await FaultRoom.open({
    VITRINE_LOG_LEVEL: 'debug',
    VITRINE_SIGNING_SECRET: `${MARKER}-${'x'.repeat(32)}`,
    VITRINE_IMPORT_BUCKETS: 'press',
    VITRINE_IMPORT_S3_ENDPOINT: `http://${host}`,
    VITRINE_IMPORT_S3_REGION: 'us-east-1',
    VITRINE_IMPORT_S3_ACCESS_KEY_ID: `${MARKER}-id`,
    VITRINE_IMPORT_S3_SECRET_ACCESS_KEY: MARKER,
    VITRINE_WEBHOOK_HOSTS: host,
    HTTPS_PROXY: `http://user:${MARKER}@${host}`,
  });
  const answers: unknown[] = [];
  try {
    const url = await room.start();
    const program = room.process;
    const ask = async (query: string, variables: object) => {
      const answer = await room.ask(url, query, variables).catch((error: Error) => ({ error: error.message }));
      answers.push(answer);
      return answer as Record<string, { id?: string; webhook?: { id: string } | null; import?: { id: string } | null }>;
    };
    // Receivers are named by their address, which may be a secret: what is not asked for must not say it.
    const hook = await ask(
      'mutation ($input: EventWebhookCreateInput!) { eventWebhookCreate(input: $input) { webhook { id name } userErrors { code message } } }',
      { input: { name: 'Hook', url: `http://${host}/${MARKER}?token=${MARKER}`, events: ['RELEASE_BROKEN'] } },
    );
    const id = hook.eventWebhookCreate?.webhook?.id;
    await ask('mutation ($input: EventWebhookPingInput!) { eventWebhookPing(input: $input) { userErrors { code message } } }', {
      input: { id },
    });
    for (const source of [{ bucket: { name: 'press' } }, { urls: [{ url: 'https://example.com/a.png' }] }]) {
      const made = await ask(
        'mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import { id } userErrors { code message } } }',
        { input: { source } },
      );
      for (let n = 0; n < 10; n += 1) {
        await pause(300);
        await ask(
          'query ($id: ID!) { assetImport(id: $id) { state error { code message } items(first: 5) { edges { node { label state code message } } } } }',
          { id: made.assetImportCreate?.import?.id },
        );
      }
    }
    await ask('query { eventWebhooks(first: 5) { edges { node { name deliveries { state error } } } } }', {});
    answers.push(await (await fetch(`${url}/health/ready`)).text(), await (await fetch(`${url}/health/live`)).text());
    answers.push(await (await fetch(`${url}/files/${MARKER.slice(0, 4)}`)).text());
    await room.stop();
    // It was really asked, and refused.
    expect(asked).toEqual(expect.arrayContaining(['GET', 'POST']));
    expect(JSON.stringify(answers)).not.toContain(MARKER);
    expect(program.output.length).toBeGreaterThan(1_000);
    expect(program.output).not.toContain(MARKER);
  } finally {
    await room.close();
    server.close();
    server.closeAllConnections();
  }
}, 120_000);
