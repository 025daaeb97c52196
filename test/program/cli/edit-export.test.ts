import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listArchive } from '../../../src/platform/files/archive.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { freshDatabase } from '../../support/test-database.js';
import { VitrineProcess } from '../../support/vitrine-process.js';

jest.setTimeout(180_000);

let settings: Awaited<ReturnType<typeof freshDatabase>>;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  settings = await freshDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-cli-'));
  environment = { VITRINE_DATA: settings.dataFolder, VITRINE_PORT: '0', ...('url' in settings && { DATABASE_URL: settings.url }) };
  await mkdir(path.join(folder, 'pictures'));
  for (const [n, title] of ['One', 'Two'].entries())
    await writeFile(path.join(folder, 'pictures', `${title}.png`), await structuredPicture(8100 + n));
});
afterAll(async () => {
  await settings.remove();
  await rm(folder, { recursive: true, force: true });
});

function vitrine(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { PATH, HOME, TMPDIR } = process.env;
  const shared = Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const child = spawn(process.execPath, [path.resolve('dist/main.js'), ...args], { env: { ...shared, ...environment }, cwd: folder });
  const ended = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (ended.stdout += chunk));
  child.stderr.on('data', (chunk) => (ended.stderr += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ended, code })));
}

it('edits and exports in its own process, and through the server that has the library open', async () => {
  expect(await vitrine('import', 'pictures', '--tag', 'shot')).toMatchObject({ code: 0 });
  const filter = '{"tags": {"any": ["shot"]}}';
  const tried = await vitrine('edit', '--filter', filter, '--add-tag', 'archive', '--title', '{title}!', '--dry-run');
  expect(tried).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^2 selected: 2 would change.*title: One -> One!.*tags: shot -> archive; shot/s),
  });
  const edited = await vitrine(
    'edit',
    '--filter',
    filter,
    '--add-tag',
    'archive',
    '--title',
    '{title}!',
    '--metadata',
    'shelf=B 2',
    '--json',
  );
  expect(edited.code).toBe(0);
  const { id, state, counts } = JSON.parse(edited.stdout);
  expect({ state, counts }).toMatchObject({ state: 'COMPLETED', counts: { total: 2, changed: 2 } });
  expect(await vitrine('export', '--filter', '{"tags": {"all": ["archive"]}}', '--out', 'here.zip')).toMatchObject({ code: 0 });

  const server = new VitrineProcess(environment);
  await server.url();
  expect(await vitrine('export', '--out', 'there.zip', '--manifest', 'csv')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/there\.zip \(\d/),
  });
  const taken = await vitrine('edit', '--undo', id);
  expect(taken).toMatchObject({ code: 0, stdout: 'Taken back: 2 as before, 0 changed by somebody since and kept, 0 deleted since.\n' });
  const again = await vitrine('edit', '--filter', '{}', '--remove-tag', 'shot');
  expect(again).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Edit completed: 2 changed\.\nTake it back: vitrine edit --undo \S+\n$/),
  });
  expect(await server.stop()).toBe(0);

  const checked = await vitrine('storage', 'check', '--repair');
  expect(checked).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^2 files in storage\.\nNone is without a row\.\n.*\nNo file is missing\.\n$/),
  });

  const names = async (file: string) => (await listArchive(path.join(folder, file), 1e9)).map(({ entry }) => entry.name).sort();
  expect(await names('here.zip')).toEqual(['files/One.png', 'files/Two.png', 'manifest.jsonl']);
  expect(await names('there.zip')).toEqual(['files/One.png', 'files/Two.png', 'manifest.csv']);
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

const GUIDELINES = `format: vitrine-guidelines/1
brands:
  - key: acme
    name: Acme
    guidelines:
      - key: web
        name: Pictures for the web
        rules:
          - key: wide
            title: Pictures are 10,000 pixels wide
            kind: MIN_RESOLUTION
            severity: MAJOR
            parameters: { minWidthPx: 10000, minHeightPx: 1 }
`;

it('writes the same report in its own process and through the server', async () => {
  await writeFile(path.join(folder, 'acme.yaml'), GUIDELINES);
  expect(await vitrine('guideline', 'import', 'acme.yaml', '--publish')).toMatchObject({ code: 0 });
  expect(await vitrine('import', 'pictures', '--brand', 'acme', '--on-duplicate', 'keep-both')).toMatchObject({ code: 0 });
  const asOf = new Date().toISOString();
  expect(await vitrine('report', '--brand', 'acme', '--as-of', asOf, '--out', 'here.csv')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/here\.csv\n$/),
  });
  const server = new VitrineProcess(environment);
  await server.url();
  expect(await vitrine('report', '--brand', 'acme', '--as-of', asOf, '--out', 'there.csv')).toMatchObject({ code: 0 });
  const unknown = await vitrine('report', '--brand', 'nobody', '--out', 'x.csv');
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/^NOT_FOUND: --brand: there is no brand .*There are: acme\./) });
  expect(await server.stop()).toBe(0);
  const [here, there] = await Promise.all(['here.csv', 'there.csv'].map((file) => readFile(path.join(folder, file), 'utf8')));
  expect(here).toBe(there);
  expect(here).toContain('Pictures are 10,000 pixels wide');
});

it('says in one line what is wrong', async () => {
  for (const [args, message] of [
    [['edit', '--add-tag', 'x'], /^BAD_USER_INPUT: Say which assets: --filter or --asset/],
    [['storage', 'check', '--grace-hours', '0'], /^BAD_USER_INPUT: --grace-hours: "0" is not accepted; allowed: a number from 1/],
    [['edit', '--filter', '{}'], /^BAD_USER_INPUT: Say what is to be changed/],
    [['edit', '--filter', 'press', '--add-tag', 'x'], /^BAD_USER_INPUT: --filter: "press" is not a filter as JSON/],
    [['export', '--out', 'nowhere/x.zip'], /^FILE_NOT_FOUND: There is no folder/],
    [['report', '--out', 'nowhere/x.pdf'], /^FILE_NOT_FOUND: There is no folder/],
    [['report', '--out', 'x.doc'], /^BAD_USER_INPUT: --format: /],
    [['export', '--out', 'x.zip', '--manifest', 'xml'], /^BAD_USER_INPUT: --manifest: "xml" is not accepted; allowed: jsonl or csv/],
  ] as const) {
    expect(await vitrine(...args)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
  }
  const unknown = await vitrine('edit', '--filter', '{"tag": 1}', '--add-tag', 'x');
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/^BAD_USER_INPUT: .*tag/) });
});
