import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { asOwner } from '../../../src/program/cli/owner.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
let brand: string;
let rule: string;

const HOSTILE = '=HYPERLINK("http://x","y")<script>alert(1)</script>';

beforeAll(async () => {
  test = await openTestApp();
  const keys = test.organizations.main!.keys;
  key = keys.EDITOR;
  const admin = (query: string, input: object) => test.ask(query, { input }, keys.ADMIN);
  brand = (
    await admin('mutation ($input: BrandCreateInput!) { brandCreate(input: $input) { brand { id } } }', {
      ...{ key: 'acme', name: 'Acme & Søns', palette: [{ name: 'Red', hex: '#d92b33' }] },
    })
  ).brandCreate.brand.id;
  const guideline = (
    await admin('mutation ($input: GuidelineCreateInput!) { guidelineCreate(input: $input) { guideline { id } } }', { brand, name: 'G' })
  ).guidelineCreate.guideline.id;
  for (const [ruleKey, kind, severity] of [
    ['palette', 'PALETTE', 'BLOCKER'],
    ['contrast', 'CONTRAST', 'MAJOR'],
    ['draft', 'ALT_TEXT', 'MINOR'],
  ]) {
    const { ruleCreate } = await admin(
      'mutation ($input: RuleCreateInput!) { ruleCreate(input: $input) { rule { id } userErrors { message } } }',
      {
        ...{ guideline, key: ruleKey, title: ruleKey, kind, severity, parameters: {} },
      },
    );
    rule = ruleCreate.rule.id;
    if (ruleKey !== 'draft')
      await admin('mutation ($input: RulePublishInput!) { rulePublish(input: $input) { rule { id } } }', { id: rule });
  }
  const content = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#20a040' } })
    .png()
    .toBuffer();
  const other = await sharp({ create: { width: 90, height: 90, channels: 3, background: '#d92b33' } })
    .png()
    .toBuffer();
  const uploads = await stageFiles(test, key, [
    { fileName: 'green.png', content },
    { fileName: 'red.png', content: other },
  ]);
  const textBoxes = '0.1 0.2 0.5 0.2 #28a848';
  const fields = [
    { title: HOSTILE, brand: 'acme', metadata: { textBoxes } },
    { title: 'Red', brand: 'acme' },
  ];
  await runImport(test, key, { source: { uploads: uploads.map((upload, n) => ({ upload, fields: fields[n] })) } });
}, 120_000);
afterAll(() => test?.close());

/** Asks for a file and waits for it. */
async function make(input: object) {
  const { complianceReportExportCreate: created } = await test.ask(
    'mutation ($input: ComplianceReportExportCreateInput!) { complianceReportExportCreate(input: $input) { export { id state url } userErrors { code field } } }',
    { input },
    key,
  );
  if (created.userErrors.length > 0) return created;
  expect(created.export).toMatchObject({ state: expect.stringMatching(/QUEUED|RUNNING/), url: null });
  return follow(created.export.id);
}

/** Waits for a file that was asked for. */
async function follow(id: string) {
  for (;;) {
    const { complianceReportExport: made } = await test.ask(
      'query ($id: ID!) { complianceReportExport(id: $id) { id state steps stepsDone asOf historyHash byteSize fileName url errorCode createdByName } }',
      { id },
      key,
    );
    if (made.state === 'COMPLETED' || made.state === 'FAILED') return made;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.text();
}

describe('a report as a file', () => {
  it('is a table of findings without formulas, and lines of JSON with the report itself in front', async () => {
    const csv = await make({ brand, format: 'CSV' });
    expect(csv).toMatchObject({
      state: 'COMPLETED',
      createdByName: 'main EDITOR',
      fileName: expect.stringMatching(/^compliance-acme-.*\.csv$/),
    });
    const rows: Record<string, string>[] = parse(await fetchText(csv.url), { columns: true, bom: true });
    expect(rows.map((row) => [row.title, row.ruleKey, row.verdict])).toEqual([
      [`'${HOSTILE}`, 'contrast', 'FAIL'],
      [`'${HOSTILE}`, 'palette', 'FAIL'],
      ['Red', 'contrast', 'NOT_EVALUATED'],
      ['Red', 'palette', 'PASS'],
    ]);

    expect(rows.map((row) => row.uploadedBy)).toEqual(Array(4).fill('main EDITOR'));

    const jsonl = await make({ brand, format: 'JSONL', worst: 3 });
    const [first, ...lines] = (await fetchText(jsonl.url)).trimEnd().split('\n');
    const { complianceReport } = await test.ask(
      'query ($brand: ID!, $asOf: DateTimeISO!) { complianceReport(brand: $brand, worst: 3, asOf: $asOf) { canonicalJson historyHash } }',
      { brand, asOf: jsonl.asOf },
      key,
    );
    expect(first).toBe(complianceReport.canonicalJson);
    expect(complianceReport.historyHash).toBe(jsonl.historyHash);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { type: 'finding', title: HOSTILE },
      {},
      {},
      { ruleKey: 'palette', verdict: 'PASS' },
    ]);
  });

  it('is a page and a PDF with pictures, and what is wrong drawn on them', async () => {
    const html = await fetchText((await make({ brand, format: 'HTML' })).url);
    expect(html).toContain('Acme &#38; S');
    expect(html).not.toContain('<script');
    expect(html).toContain('data:image/jpeg;base64,');
    // the box of the text, in percent of the picture, and the largest colour of the palette finding
    expect(html).toContain('<rect x="10" y="20" width="50" height="20"');
    expect(html).toMatch(/background:#2[01]a?[0-9a-f]+/);
    const pdf = await make({ format: 'PDF', worst: 2 });
    expect(pdf).toMatchObject({ state: 'COMPLETED', steps: 2, stepsDone: 2, fileName: expect.stringMatching(/^compliance-all-/) });
    const response = await fetch(pdf.url);
    expect(response.headers.get('content-type')).toBe('application/pdf');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
    expect(bytes.length).toBe(pdf.byteSize);
    const text = bytes.toString('latin1');
    expect(text.match(/\/Type \/Page\b/g)?.length).toBeGreaterThanOrEqual(4);
    expect(text).toContain('/DCTDecode');
  });

  it('says why there is none', async () => {
    const { id: organizationId } = test.organizations.main!;
    const by = { apiKeyId: organizationId, apiKeyName: 'schedule' };
    // One of a schedule, whose rule is not published any more.
    const scope = { ruleId: Buffer.from(rule, 'base64url').toString().split(':')[1] as string };
    const { id } = await test.app.database.asOrganization(organizationId, (tx) =>
      test.app.reportExports.createIn(tx, by, { format: 'CSV', scope }),
    );
    test.app.reportExports.wake();
    expect(await follow(toGlobalId('ReportExport', id))).toMatchObject({ state: 'FAILED', errorCode: 'NOT_FOUND', url: null });
    const missing = (type: 'Brand' | 'Collection') => toGlobalId(type, '00000000-0000-4000-8000-000000000000');
    for (const [input, field] of [
      [{ brand: missing('Brand') }, 'input.brand'],
      [{ scope: { collection: missing('Collection') } }, 'input.scope.collection'],
      [{ scope: { rule } }, 'input.scope.rule'],
      [{ brand, asOf: '2000-01-01T00:00:00Z' }, 'input.brand'],
    ] as const)
      expect(await make({ format: 'PDF', ...input })).toMatchObject({ export: null, userErrors: [{ code: 'NOT_FOUND', field }] });
    expect(await make({ format: 'PDF', worst: 101 })).toMatchObject({ userErrors: [{ code: 'BAD_USER_INPUT', field: 'input.worst' }] });
    expect(await make({ format: 'PDF', brand: rule })).toMatchObject({ userErrors: [{ code: 'BAD_USER_INPUT', field: 'input.brand' }] });
    expect(await make({ format: 'PDF', asOf: '2100-01-01T00:00:00Z' })).toMatchObject({
      userErrors: [{ code: 'BAD_USER_INPUT', field: 'input.asOf' }],
    });
    const { complianceReportExports: list } = await test.ask(
      'query { complianceReportExports(first: 1) { totalCount edges { node { state } } pageInfo { hasNextPage } } }',
      {},
      key,
    );
    expect(list).toMatchObject({ totalCount: 5, edges: [{ node: { state: 'FAILED' } }], pageInfo: { hasNextPage: true } });
    expect((await fetch(`${test.url}/files/${'x'.repeat(40)}.y`)).status).toBe(404);
  });

  it('is written by the command line without a job', async () => {
    const owner = await asOwner(test.app);
    let seen = 0;
    let lent = '';
    const content = await test.app.reportWriter.write(
      owner,
      {},
      'PDF',
      {},
      ({ path: file }) => {
        lent = file;
        return readFile(file);
      },
      (done) => {
        seen = done;
      },
    );
    expect(content.subarray(0, 5).toString()).toBe('%PDF-');
    expect(seen).toBe(2);
    // The file is lent, not left.
    await expect(readFile(lent)).rejects.toThrow(/ENOENT/);
  });
});
