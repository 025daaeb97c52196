import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

const mark = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="#1b7f4d"><path d="M50 2a48 48 0 1 0 .1 0zM50 12a38 38 0 1 1-.1 0z"/><path d="M30 72C28 40 50 28 74 28c0 26-14 44-36 44l-8 10z"/></g></svg>',
);
const square = (edge: number) =>
  sharp({ create: { width: edge, height: edge, channels: 3, background: '#c02a5a' } })
    .png()
    .toBuffer();

const FILE = `format: vitrine-guidelines/1
brands:
  - key: acme
    name: Acme
    palette:
      - name: Berry
        hex: "#c02a5a"
      - name: Leaf
        hex: "#1b7f4d"
    marks:
      - name: leaf
        asset:
          externalId: mark
    guidelines:
      - key: web
        name: Pictures for the web
        sections:
          - title: Sizes
            text: |
              Wide enough for a column.

              And not heavier than they need to be.
          - title: Words
        rules:
          - key: wide
            title: Pictures are 100 pixels wide
            kind: MIN_RESOLUTION
            severity: BLOCKER
            section: 0
            parameters:
              minWidthPx: 100
              minHeightPx: 1
            testCases:
              - asset:
                  externalId: big
                expected: PASS
                note: a large one
              - asset:
                  externalId: small
                expected: FAIL
          - key: words
            title: There is an alternative text
            kind: ALT_TEXT
            severity: MINOR
            section: 1
            scopeTags:
              - channel/web
          - key: later
            title: Not yet in force
            kind: BYTE_SIZE
            severity: INFO
            state: DRAFT
            parameters:
              maxBytes: 2000000
`;

let test: TestApp;

const keyOf = (organization: string) => test.organizations[organization]!.keys.ADMIN;

async function fill(organization: string) {
  const key = keyOf(organization);
  const data = await test.ask(
    'mutation ($input: BrandCreateInput!) { brandCreate(input: $input) { brand { id } userErrors { message } } }',
    { input: { key: 'acme', name: 'Acme' } },
    key,
  );
  const files = { mark, big: await square(120), small: await square(40) };
  const uploads = await stageFiles(
    test,
    key,
    Object.entries(files).map(([name, content]) => ({ fileName: name === 'mark' ? 'mark.svg' : `${name}.png`, content })),
  );
  await runImport(test, key, {
    source: {
      uploads: uploads.map((upload, n) => ({
        upload,
        fields: { externalId: Object.keys(files)[n], brand: 'acme', title: `${organization} ${n}` },
      })),
    },
  });
  return data.brandCreate.brand.id as string;
}

interface Change {
  subject: string;
  name: string;
  action: string;
  fields: string[];
}

async function importFile(
  organization: string,
  content: string,
  options: object = {},
): Promise<{
  import: { changes: Change[]; notices: string[]; rules: number; dryRun: boolean } | null;
  userErrors: { code: string; field: string; message: string }[];
}> {
  const data = await test.ask(
    'mutation ($input: GuidelineImportInput!) { guidelineImport(input: $input) { import { rules dryRun notices changes { subject name action fields } } userErrors { code field message } } }',
    { input: { content, ...options } },
    keyOf(organization),
  );
  return data.guidelineImport;
}

const told = (changes: readonly Change[]) =>
  changes.map(({ subject, name, action, fields }) => [subject, name, action, ...fields].join(' '));

async function exportFile(organization: string, brand: string, format = 'YAML'): Promise<string> {
  const data = await test.ask(
    'query ($brand: ID!, $format: GuidelineFileFormat!) { guidelineExport(brand: $brand, format: $format) { fileName content } }',
    { brand, format },
    keyOf(organization),
  );
  expect(data.guidelineExport.fileName).toBe(`acme.${format.toLowerCase()}`);
  return data.guidelineExport.content;
}

const states = async (organization: string, brand: string): Promise<Record<string, string>> => {
  const data = await test.ask(
    'query ($id: ID!) { brand(id: $id) { guidelines { key name rules { key state } } } }',
    { id: brand },
    keyOf(organization),
  );
  return Object.fromEntries(
    data.brand.guidelines.flatMap(({ rules }: { rules: { key: string; state: string }[] }) => rules.map(({ key, state }) => [key, state])),
  );
};

const brands: Record<string, string> = {};

beforeAll(async () => {
  test = await openTestApp({ organizations: ['one', 'two', 'three'], config: { VITRINE_DECODE_TIMEOUT_MS: '60000' } });
  for (const slug of ['one', 'two']) brands[slug] = await fill(slug);
});
afterAll(() => test.close());

const MADE = [
  'BRAND acme CHANGED palette',
  'MARK acme/leaf CREATED',
  'GUIDELINE acme/web CREATED',
  'RULE acme/web/wide CREATED',
  'RULE acme/web/words CREATED',
  'RULE acme/web/later CREATED',
];

describe('guideline files', () => {
  it('are tried first: a dry run tells everything and keeps nothing', async () => {
    const before = await exportFile('one', brands.one!);
    const tried = await importFile('one', FILE, { dryRun: true, publish: true });
    expect(tried.userErrors).toEqual([]);
    expect(told(tried.import!.changes).sort()).toEqual([...MADE, 'RULE acme/web/wide PUBLISHED', 'RULE acme/web/words PUBLISHED'].sort());
    expect(tried.import).toMatchObject({ dryRun: true, rules: 3 });
    expect(await exportFile('one', brands.one!)).toBe(before);
    expect(before).not.toContain('guidelines:\n      -');
  });

  it('draft what is new, publish when asked to, and change nothing the second time', async () => {
    const drafted = await importFile('one', FILE);
    expect(told(drafted.import!.changes)).toEqual(MADE);
    expect(await states('one', brands.one!)).toEqual({ wide: 'DRAFT', words: 'DRAFT', later: 'DRAFT' });
    const published = await importFile('one', FILE, { publish: true });
    expect(told(published.import!.changes)).toEqual(['RULE acme/web/wide PUBLISHED', 'RULE acme/web/words PUBLISHED']);
    expect(await states('one', brands.one!)).toEqual({ wide: 'PUBLISHED', words: 'PUBLISHED', later: 'DRAFT' });
    expect((await importFile('one', FILE, { publish: true })).import!.changes).toEqual([]);
    const { findings } = await test.ask(
      'query ($brand: ID!) { findings(brand: $brand) { edges { node { ruleKey verdict } } } }',
      { brand: brands.one },
      keyOf('one'),
    );
    const verdicts = findings.edges.map(({ node }: { node: { ruleKey: string; verdict: string } }) => `${node.ruleKey} ${node.verdict}`);
    expect(verdicts.sort()).toEqual(['wide FAIL', 'wide NOT_APPLICABLE', 'wide PASS']);
  });

  it.each(['YAML', 'JSON'])(
    'go round as %s: exported, imported elsewhere and exported again they are the same, byte for byte',
    async (format) => {
      const first = await exportFile('one', brands.one!, format);
      const { userErrors } = await importFile('two', first, { publish: true });
      expect(userErrors).toEqual([]);
      expect(await exportFile('two', brands.two!, format)).toBe(first);
      expect((await importFile('two', first, { publish: true })).import!.changes).toEqual([]);
      expect((await importFile('one', first, { publish: true })).import!.changes).toEqual([]);
    },
  );

  it('find the guideline by its key, so that it can be renamed, and retire what they no longer name when asked to', async () => {
    const renamed = FILE.replace('Pictures for the web', 'Web pictures').replace(/ {10}- key: words[\s\S]*channel\/web\n/, '');
    expect(told((await importFile('one', renamed, { publish: true })).import!.changes)).toEqual(['GUIDELINE acme/web CHANGED name']);
    expect(told((await importFile('one', renamed, { publish: true, retireMissing: true })).import!.changes)).toEqual([
      'RULE acme/web/words WITHDRAWN',
    ]);
    expect(await states('one', brands.one!)).toMatchObject({ words: 'RETIRED', wide: 'PUBLISHED' });
    const back = await importFile('one', FILE, { publish: true });
    expect(told(back.import!.changes)).toEqual(['GUIDELINE acme/web CHANGED name', 'RULE acme/web/words PUBLISHED']);
  });

  it('are refused whole, with all that the library has against them', async () => {
    const before = await exportFile('one', brands.one!);
    const wrong = FILE.replace('kind: ALT_TEXT', 'kind: SHARPNESS')
      .replace('externalId: big', 'externalId: gone')
      .replace('externalId: mark', 'externalId: lost')
      .replace(
        'maxBytes: 2000000',
        'maxBytes: 2000000\n          - key: style\n            title: Style\n            kind: STYLE\n            severity: INFO\n            parameters:\n              approved: [gone]',
      );
    const { import: made, userErrors } = await importFile('one', wrong, { publish: true });
    expect(made).toBeNull();
    const at = 'document.brands[0].guidelines[0].rules';
    expect(userErrors.map(({ code, field }) => [code, field]).sort()).toEqual([
      ['BAD_USER_INPUT', `${at}[3].parameters.approved[0]`],
      ['CONFLICT', `${at}[1].kind`],
      ['NOT_FOUND', `${at}[0].testCases[0].asset`],
      ['NOT_FOUND', 'document.brands[0].marks[0].asset'],
    ]);
    for (const { message } of userErrors) expect(message).toMatch(/\(line \d+\)$/);
    expect(await exportFile('one', brands.one!)).toBe(before);
  });

  it('are refused when a rule would break its own test cases or contradict another, told for every such rule', async () => {
    const strict = FILE.replace('minWidthPx: 100', 'minWidthPx: 10').replace(
      'maxBytes: 2000000',
      'maxBytes: 2000000\n          - { key: jpegs, title: JPEG, kind: FILE_FORMAT, severity: INFO, parameters: { allowed: [image/jpeg] } }\n          - { key: pngs, title: PNG, kind: FILE_FORMAT, severity: INFO, parameters: { allowed: [image/png] } }',
    );
    const { userErrors } = await importFile('one', strict, { publish: true });
    expect(userErrors.map(({ code, field }) => [code, field]).sort()).toEqual([
      ['CONFLICT', 'document.brands[0].guidelines[0].rules[3]'],
      ['CONFLICT', 'document.brands[0].guidelines[0].rules[4]'],
      ['RULE_TESTS_FAILED', 'document.brands[0].guidelines[0].rules[0]'],
    ]);
  });

  it('leave out what is about assets that are not here, when asked to', async () => {
    expect((await importFile('three', FILE)).userErrors).toHaveLength(3);
    const { import: made } = await importFile('three', FILE, { skipMissingAssets: true });
    expect(made!.notices).toHaveLength(3);
    expect(told(made!.changes)).toContain('BRAND acme CREATED');
    expect(told(made!.changes).some((line) => line.startsWith('MARK'))).toBe(false);
  });

  it('carry the filter that is a rule’s scope, there and back, and tell what is wrong with one', async () => {
    const scope =
      '            scope:\n              width:\n                min: 50\n              mediaTypes:\n                - image/png\n';
    const scoped = FILE.replace('            kind: BYTE_SIZE\n', `            kind: BYTE_SIZE\n${scope}`);
    expect(told((await importFile('one', scoped)).import!.changes)).toEqual(['RULE acme/web/later CHANGED scope']);
    expect((await importFile('one', scoped)).import!.changes).toEqual([]);
    const text = await exportFile('one', brands.one!);
    expect(text).toContain(scope);
    expect((await importFile('two', text)).userErrors).toEqual([]);
    expect(await exportFile('two', brands.two!)).toBe(text);
    const wrong = await importFile(
      'one',
      scoped
        .replace('min: 50', 'min: wide\n                colour: 1')
        .replace('- image/png', '- image/png\n              searchable: true'),
    );
    const at = 'document.brands[0].guidelines[0].rules[2].scope';
    expect(wrong.userErrors.map(({ code, field }) => [code, field]).sort()).toEqual([
      ['BAD_USER_INPUT', `${at}.width`],
      ['BAD_USER_INPUT', `${at}.width.min`],
    ]);
    const refused = await importFile('one', scoped.replace('- image/png', '- image/png\n              searchable: true'));
    expect(refused.userErrors).toMatchObject([{ code: 'BAD_USER_INPUT', field: `${at}.searchable` }]);
    for (const name of ['one', 'two']) expect((await importFile(name, FILE)).userErrors).toEqual([]);
    expect(await exportFile('one', brands.one!)).not.toContain('scope:');
  });

  it('are for administrators', async () => {
    const answer = await test.graphql(
      'mutation ($input: GuidelineImportInput!) { guidelineImport(input: $input) { userErrors { code } } }',
      { input: { content: FILE } },
      test.organizations.one!.keys.EDITOR,
    );
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  describe('on the command line', () => {
    let folder: string;
    let file: string;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'vitrine-guideline-'));
      file = path.join(folder, 'web.yaml');
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    async function vitrine(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
      const env = {
        ...{ PATH: process.env.PATH, HOME: folder, VITRINE_DATA: path.join(folder, 'data') },
        ...{ VITRINE_SERVER: test.url, VITRINE_API_KEY: keyOf('two') },
      };
      return promisify(execFile)(process.execPath, ['dist/main.js', 'guideline', ...args], { env }).then(
        (done) => ({ ...done, code: 0 }),
        (error: { stdout: string; stderr: string; code: number }) => error,
      );
    }

    it('are checked without a library', async () => {
      await writeFile(file, FILE.replace('minWidthPx: 100', 'minWidthPx: wide'));
      const { code, stderr } = await vitrine('check', file);
      const line = FILE.slice(0, FILE.indexOf('minWidthPx')).split('\n').length;
      expect([code, stderr]).toEqual([2, expect.stringContaining('1 fault,')]);
      expect(stderr).toContain(`minWidthPx: "wide"; expected number, received string. (line ${line})`);
      await writeFile(file, FILE);
      expect(await vitrine('check', file)).toMatchObject({ code: 0, stdout: expect.stringContaining('3 rules') });
    });

    it('are imported and exported through the running server', async () => {
      await writeFile(file, FILE);
      const imported = await vitrine('import', file, '--publish');
      expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('everything is so already') });
      const out = path.join(folder, 'out.json');
      expect(await vitrine('export', '--brand', 'acme', '--guideline', 'web', '--out', out)).toMatchObject({ code: 0 });
      expect(await readFile(out, 'utf8')).toBe(await exportFile('two', brands.two!, 'JSON'));
    });
  });
});
