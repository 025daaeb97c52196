import { saveDetections } from '../../../src/seeing/detection/detection.queries.js';
import type { DetectorDescription } from '../../../src/engines/embedding/detector-manifest.js';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  getNamedType,
  isInputObjectType,
  print,
  parse,
} from 'graphql';
import sharp from 'sharp';
import { sql } from '../../../src/platform/database/sql.js';
import { createImport, runImport, stageFiles } from '../../support/import-client.js';
import { selectAll } from '../../support/selection.js';
import { type GraphqlAnswer, openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

/** Stands in every text that organisation A has. Whoever reads it in an answer to B has found a leak. */
const MARK = 'qzleakqz';

/** Mutations that need the role ADMIN. */
const ADMINISTRATION = /^(apiKey|brand|deliveryDefaults|eventWebhook|guideline|rule|reportSchedule|watchedFolder|waiver(Approve|Reject))/;

type Outcome = 'nothing' | 'not found' | 'refused' | 'own';

interface Case {
  variables: object;
  /** What B gets: null or an empty list; a NOT_FOUND; another refusal; or an answer about B's own things. */
  outcome: Outcome;
  /** What A itself gets for the same: anything but the marks would make the case worthless. `skip` where A would be refused too. */
  control?: 'skip';
}

let test: TestApp;
let a: TestOrganization;
let b: TestOrganization;
let root: string;
let victim: Awaited<ReturnType<typeof fillVictim>>;
let own: Awaited<ReturnType<typeof fillOwn>>;

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-leak-')));
  test = await openTestApp({ organizations: ['a', 'b'], config: { VITRINE_IMPORT_ROOTS: root } });
  a = test.organizations.a as TestOrganization;
  b = test.organizations.b as TestOrganization;
  victim = await fillVictim();
  own = await fillOwn();
}, 120_000);
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
});

async function mutate(name: string, input: object, selection: string, key: string) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const data = await test.ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`,
    { input },
    key,
  );
  if (data[name].userErrors.length > 0) throw new Error(`${name}: ${JSON.stringify(data[name].userErrors)}`);
  return data[name];
}

const drawing = (r: number, width = 60) =>
  sharp({ create: { width, height: 40, channels: 3, background: { r, g: 40, b: 90 } } })
    .png()
    .toBuffer();

const keyOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1] as string;

const share = { value: 0.5, low: 0.1, high: 0.9 };
const calibrated = {
  ...{ target: 'RECALL', wanted: 0.5, isReached: true, threshold: 0.5, matches: 1, expectedPrecision: share, expectedRecall: share },
  ...{ checkedPrecision: share, checkedRecall: null, brierScore: 0.2, positiveLabels: 1, negativeLabels: 1, notices: [`${MARK} notice`] },
};

/** At least one of everything, in organisation A. */
async function fillVictim() {
  const { ADMIN, EDITOR } = a.keys;
  const { apiKey, secret } = await mutate('apiKeyCreate', { name: `${MARK} key`, role: 'VIEWER' }, 'apiKey { id } secret', ADMIN);
  const { brand } = await mutate(
    'brandCreate',
    { key: MARK, name: `${MARK} brand`, palette: [{ name: `${MARK} red`, hex: '#c02a5a' }] },
    'brand { id }',
    ADMIN,
  );
  const { guideline } = await mutate(
    'guidelineCreate',
    { brand: brand.id, name: `${MARK} guideline`, sections: [{ title: `${MARK} section`, text: `${MARK} text` }] },
    'guideline { id }',
    ADMIN,
  );
  const hook = { name: `${MARK} receiver`, url: 'https://localhost/', events: ['RELEASE_BROKEN'] };
  const { webhook } = await mutate('eventWebhookCreate', hook, 'webhook { id }', ADMIN);
  const content = await drawing(200);
  const uploads = await stageFiles(test, EDITOR, [
    { fileName: `${MARK}-1.png`, content },
    { fileName: `${MARK}-2.png`, content: await drawing(30) },
    { fileName: `${MARK}-3.txt`, content: Buffer.from(`${MARK} words`) },
    { fileName: `${MARK}-4.png`, content: Buffer.from(`${MARK} is not a picture`) },
    { fileName: `${MARK}-5.png`, content: await drawing(200, 120) },
  ]);
  const fields = (n: number) => ({
    externalId: `${MARK}-ext-${n}`,
    title: `${MARK} title ${n}`,
    description: `${MARK} description`,
    altText: `${MARK} alt`,
    brand: MARK,
    tags: [`${MARK}tag`, `${MARK}tag${n}`],
    collection: `${MARK} collection`,
    rights: { holder: `${MARK} holder`, license: `${MARK} license`, expiresOn: '2020-01-31' },
    metadata: { [`${MARK}key`]: `${MARK} value` },
  });
  const request = {
    source: { uploads: uploads.map((upload, n) => ({ upload, fields: fields(n) })) },
    idempotencyKey: `${MARK} idempotency`,
  };
  const operation = await runImport(test, EDITOR, request);
  const [asset, other] = operation.items.map(({ assetId }) => assetId as string);
  // The second version of an asset.
  const [newer] = await stageFiles(test, EDITOR, [{ fileName: `${MARK}-newer.png`, content: await drawing(90) }]);
  await runImport(test, EDITOR, { source: { uploads: [{ upload: newer, fields: { externalId: `${MARK}-ext-1` } }] } });
  const detector = { id: MARK, title: `${MARK} detector`, revision: `${MARK} revision`, classes: [`${MARK} class`] };
  await test.app.detections.adopt(a.id, { ...detector, thresholds: { confidence: 0.5, overlap: 0.5 } } as unknown as DetectorDescription);
  const { id: versionId } = await test.app.database.asOrganization(a.id, (tx) =>
    tx.rows.assetVersion.findFirstOrThrow({
      where: { organizationId: a.id, assetId: keyOf(asset as string) },
      orderBy: { number: 'desc' },
    }),
  );
  const box = { left: 0, top: 0, width: 1, height: 1 };
  const found = [{ class: `${MARK} class`, confidence: 0.9, box }];
  await test.app.database.asOrganization(a.id, (tx) => saveDetections(tx, detector.revision, { versionId, found }));
  const rules: string[] = [];
  for (const [key, kind, parameters] of [
    ['published', 'RIGHTS_EXPIRY', {}],
    ['wide', 'MIN_RESOLUTION', { minWidthPx: 5000, minHeightPx: 5000 }],
    [
      'seen',
      'PROHIBITED_CONTENT',
      { concepts: [{ name: `${MARK} concept`, prompts: [`${MARK} prompt`], counterPrompts: [`${MARK} counter`] }] },
    ],
    ['draft', 'ALT_TEXT', {}],
  ] as const) {
    const input = {
      guideline: guideline.id,
      key: `${MARK}-${key}`,
      title: `${MARK} ${key}`,
      kind,
      severity: 'MAJOR',
      parameters,
      section: 0,
      ...(key === 'wide' && { scope: { width: { min: 1 } } }),
    };
    const { rule } = await mutate('ruleCreate', input, 'rule { id }', ADMIN);
    if (key !== 'draft') await mutate('rulePublish', { id: rule.id }, 'rule { id }', ADMIN);
    rules.push(rule.id);
  }
  await mutate(
    'ruleTestCasesSet',
    { rule: rules[3], cases: [{ asset, expected: 'PASS', note: `${MARK} note` }] },
    'failing { assetId }',
    ADMIN,
  );
  const staged = await mutate(
    'stagedUploadCreate',
    { files: [{ fileName: `${MARK}-open.png`, byteSize: content.length }] },
    'uploads { id url }',
    EDITOR,
  );
  await mutate('deliveryDefaultsSet', { onlyApproved: false }, 'deliveryDefaults { setAt }', ADMIN);
  const { deliveryLink } = await mutate(
    'deliveryLinkCreate',
    { asset, expiresAt: new Date(Date.now() + 86_400_000).toISOString(), note: `${MARK} note` },
    'deliveryLink { id }',
    EDITOR,
  );
  const { asset: rendered } = await test.ask(
    'query ($id: ID!) { asset(id: $id) { rendition(withMetadata: true) { url } } }',
    { id: asset },
    EDITOR,
  );
  expect((await fetch(rendered.rendition.url)).status).toBe(200);
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><path d="M5 70h20v25H5zM30 50h20v45H30zM55 28h20v67H55zM80 5h15v90H80z"/></svg>';
  const [logo] = await stageFiles(test, EDITOR, [{ fileName: `${MARK}-logo.svg`, content: Buffer.from(svg) }]);
  const logos = await runImport(test, EDITOR, { source: { uploads: [{ upload: logo, fields: { brand: MARK, title: `${MARK} logo` } }] } });
  const { mark } = await mutate(
    'brandMarkCreate',
    { brand: brand.id, asset: logos.items[0]?.assetId, name: `${MARK} logo` },
    'mark { id }',
    ADMIN,
  );
  for (let seen = 0; seen === 0; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const found = await test.ask('query ($id: ID!) { asset(id: $id) { marksFound { markName } } }', { id: logos.items[0]?.assetId }, ADMIN);
    seen = found.asset.marksFound.length;
  }
  // A manifest that takes its time: an import that can be cancelled.
  const manifest = path.join(root, 'list.jsonl');
  await writeFile(manifest, JSON.stringify({ file: `${MARK}-missing.png` }));
  const { import: open } = await createImport(test, EDITOR, { source: { manifest: { path: manifest } } });
  await mutate('assetExportCreate', { assets: [asset] }, 'export { url }', EDITOR);
  const bulk = { assets: [asset], change: { metadata: { [`${MARK}bulk`]: `${MARK} bulk` } } };
  const { edit } = await mutate('assetBulkEditCreate', bulk, 'edit { id }', EDITOR);
  for (let state = 'RUNNING'; state === 'RUNNING'; )
    ({ state } = (await test.ask('query ($id: ID!) { assetBulkEdit(id: $id) { state } }', edit, EDITOR)).assetBulkEdit);
  await test.app.calibration.calibrate(a.id);
  const saved = await keepSearch(ADMIN);
  await compared(ADMIN);
  // One that is seen everywhere, one that is labelled and calibrated, one to be deleted.
  const makeConcept = async (name: string, more: object) =>
    (await mutate('conceptCreate', { name: `${MARK} ${name}`, counterPrompts: [`${MARK} rival`], ...more }, 'concept { id }', EDITOR))
      .concept.id as string;
  const concept = await makeConcept('seen', { synonyms: [`${MARK} synonym`], tag: `${MARK}seen`, proposeAt: 1e-12 });
  const moderated = await makeConcept('moderated', { purpose: 'MODERATION', reviewAt: 1e-12, blockAt: 0.5 });
  const doomed = await makeConcept('doomed', {});
  await test.app.matching.compareLibrary(a.id);
  await mutate('conceptLabelsSet', { concept, positive: [asset], negative: [other] }, 'positiveLabels', EDITOR);
  // Four labels are needed to calibrate, and there are two pictures.
  await test.app.database.asOrganization(a.id, (tx) =>
    tx.execute(sql`INSERT INTO concept_calibration (organization_id, concept_id, concept_revision, rival_set_id, slope, intercept, result)
      SELECT organization_id, id, revision, matched_rival_set_id, 1, 0, ${JSON.stringify(calibrated)}::jsonb FROM concept
      WHERE id = ${keyOf(concept)}::uuid`),
  );
  const revision = `${MARK}revision`;
  await test.app.database.asSystem((tx) =>
    tx.execute(
      sql`INSERT INTO model_revision (model_name, revision, dimensions, model_type, logit_scale) VALUES (${`${MARK} model`}, ${revision}, 4, 'clip', 1)`,
    ),
  );
  await test.app.database.asOrganization(a.id, (tx) =>
    tx.execute(sql`INSERT INTO organization_model (organization_id, model_revision_id, state)
      SELECT ${a.id}::uuid, id, 'READY' FROM model_revision WHERE revision = ${revision}`),
  );
  await test.app.database.asOrganization(a.id, (tx) =>
    tx.execute(sql`INSERT INTO model_installation (organization_id, model, state, error_code, error_message)
      VALUES (${a.id}::uuid, 'tinyclip-8m', 'FAILED', 'MODEL_DOWNLOAD_FAILED', ${`${MARK} problem`})`),
  );
  const all = await test.ask(
    `query ($asset: ID!, $brand: ID!) {
      asset(id: $asset) { originalUrl thumbnailUrl versions { id } findings { id verdict ruleId } collections { id } }
      assets(first: 1) { edges { cursor } } brands(first: 1) { edges { cursor } } collections(first: 1) { edges { cursor } }
      findings(first: 1) { edges { cursor } } tags(first: 1) { edges { cursor node { id } } } assetImports(first: 1) { edges { cursor } }
      assetBulkEdits(first: 1) { edges { cursor } } apiKeys(first: 1) { edges { cursor } } similarAssets(asset: $asset, first: 1) { edges { cursor } } savedSearches(first: 1) { edges { cursor } } nearDuplicates(first: 1) { edges { cursor } } eventWebhooks(first: 1) { edges { cursor } } viewer { organization { id } }
      concepts(first: 1) { edges { cursor } } conceptMatches(first: 1) { edges { cursor node { id } } }
      moderationQueue(first: 1) { edges { cursor node { id } } }
      complianceReport(brand: $brand) { assets } }`,
    { asset, brand: brand.id },
    ADMIN,
  );
  const judged: { id: string; verdict: string; ruleId: string }[] = all.asset.findings;
  const finding = judged.find(({ verdict }) => verdict === 'FAIL')?.id as string;
  await mutate('findingReview', { finding, decision: 'FAIL', reason: `${MARK} review` }, 'finding { id }', EDITOR);
  const waivers: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const asked = await mutate('findingWaive', { finding, reason: `${MARK} reason`, expiresAt }, 'waiver { id }', EDITOR);
    waivers.push(asked.waiver.id);
  }
  await mutate('assetApprove', { asset: other, reason: `${MARK} release` }, 'release { state }', EDITOR);
  const made = await mutate('complianceReportExportCreate', { brand: brand.id, format: 'JSONL' }, 'export { id }', EDITOR);
  const daily = { name: `${MARK} daily`, brand: brand.id, format: 'CSV', every: 'DAY' };
  const { schedule } = await mutate('reportScheduleCreate', daily, 'schedule { id }', ADMIN);
  const folder = path.join(root, `${MARK}-watched`);
  await mkdir(folder);
  await writeFile(path.join(folder, `${MARK}.txt`), MARK);
  // Its file is seen, and then nobody looks any more while this test runs.
  const settle = { folder, settleSeconds: 86_400 };
  const { watchedFolder } = await mutate('watchedFolderCreate', settle, 'watchedFolder { id }', ADMIN);
  await test.app.watchedFolders.scanDue(a.id);
  await mutate('watchedFolderPause', { id: watchedFolder.id }, 'watchedFolder { state }', ADMIN);
  const listed = await test.ask(
    'query { watchedFolders(first: 1) { edges { cursor } } waivers(first: 1) { edges { cursor } } complianceReportExports(first: 1) { edges { cursor } } reportSchedules(first: 1) { edges { cursor } } }',
    {},
    ADMIN,
  );
  await test.ask('query ($q: String!) { assets(query: $q) { totalCount } }', { q: `${MARK} prompt` }, ADMIN);
  const cursors = Object.fromEntries(
    [
      ...['assets', 'brands', 'collections', 'findings', 'tags', 'assetImports', 'apiKeys', 'similarAssets', 'nearDuplicates'],
      ...['concepts', 'conceptMatches', 'moderationQueue', 'savedSearches', 'assetBulkEdits', 'eventWebhooks'],
    ].map((name) => [name, all[name].edges[0].cursor as string]),
  ) as Record<string, string>;
  cursors.waivers = listed.waivers.edges[0].cursor;
  cursors.watchedFolders = listed.watchedFolders.edges[0].cursor;
  cursors.reportSchedules = listed.reportSchedules.edges[0].cursor;
  cursors.complianceReportExports = listed.complianceReportExports.edges[0].cursor;
  return {
    ...{ apiKey: apiKey.id as string, secret: secret as string, brand: brand.id as string, guideline: guideline.id as string, rules },
    ...{
      saved,
      uploads,
      content,
      request,
      importId: operation.id,
      webhook: webhook.id as string,
      edit: edit.id as string,
      openImport: open?.id as string,
      asset,
      other,
      staged: staged.uploads[0],
      cursors,
      revision,
    },
    ...{
      concept,
      moderated,
      doomed,
      match: all.conceptMatches.edges[0].node.id as string,
      case: all.moderationQueue.edges[0].node.id as string,
    },
    version: all.asset.versions[0].id as string,
    finding,
    waivers,
    export: made.export.id as string,
    schedule: schedule.id as string,
    watchedFolder: watchedFolder.id as string,
    collection: all.asset.collections[0].id as string,
    tag: all.tags.edges[0].node.id as string,
    deliveryLink: deliveryLink.id as string,
    mark: mark.id as string,
    logo: logos.items[0]?.assetId as string,
    organization: all.viewer.organization.id as string,
    originalUrl: all.asset.originalUrl as string,
    thumbnailUrl: all.asset.thumbnailUrl as string,
  };
}

/** A saved search that has announced something, to a receiver that may not be reached. */
async function keepSearch(key: string) {
  const input = { name: `${MARK} search`, filter: { textContains: MARK }, webhook: { url: 'https://localhost/' } };
  const { savedSearch } = await mutate('savedSearchCreate', input, 'savedSearch { id } webhookSecret', key);
  const ask = async () =>
    (await test.ask('query ($id: ID!) { savedSearch(id: $id) { evaluatedAt deliveries { state } } }', savedSearch, key)).savedSearch;
  while ((await ask()).evaluatedAt === null) await new Promise((resolve) => setTimeout(resolve, 100));
  const [upload] = await stageFiles(test, key, [{ fileName: `${MARK}-news.txt`, content: Buffer.from(`${MARK} news`) }]);
  await runImport(test, key, { source: { uploads: [{ upload }] } });
  while ((await ask()).deliveries[0]?.state !== 'FAILED') await new Promise((resolve) => setTimeout(resolve, 100));
  return savedSearch.id as string;
}

/** Waits until every picture was compared with the others. */
async function compared(key: string) {
  for (let pending = 1; pending > 0; )
    pending = (await test.ask('query { nearDuplicates(first: 1) { pending } }', {}, key)).nearDuplicates.pending;
}

/** What B has of its own, to mix with what is A's. */
async function fillOwn() {
  const { ADMIN } = b.keys;
  const { brand } = await mutate('brandCreate', { key: 'mine', name: 'Mine', palette: [] }, 'brand { id }', ADMIN);
  const { guideline } = await mutate('guidelineCreate', { brand: brand.id, name: 'Mine' }, 'guideline { id }', ADMIN);
  const { rule: ownRule } = await mutate(
    'ruleCreate',
    { guideline: guideline.id, key: 'mine', title: 'Mine', kind: 'ALT_TEXT', severity: 'INFO', parameters: {} },
    'rule { id }',
    ADMIN,
  );
  const { collection } = await mutate('collectionCreate', { name: 'Mine' }, 'collection { id }', ADMIN);
  const { concept } = await mutate('conceptCreate', { name: 'Mine', proposeAt: 1 }, 'concept { id }', ADMIN);
  // The very bytes that A has: B must not learn that somebody has them.
  const [upload] = await stageFiles(test, ADMIN, [{ fileName: 'mine.png', content: victim.content }]);
  const { items } = await runImport(test, ADMIN, { source: { uploads: [{ upload }] } });
  expect(items).toMatchObject([{ state: 'CREATED' }]);
  const asset = items[0]?.assetId as string;
  const links = await test.ask('query ($id: ID!) { asset(id: $id) { originalUrl } }', { id: asset }, ADMIN);
  const staged = await mutate('stagedUploadCreate', { files: [{ fileName: 'mine.png', byteSize: 5 }] }, 'uploads { url }', ADMIN);
  return {
    brand: brand.id,
    guideline: guideline.id,
    rule: ownRule.id as string,
    collection: collection.id,
    concept: concept.id as string,
    asset,
    originalUrl: links.asset.originalUrl as string,
    uploadUrl: staged.uploads[0].url as string,
  };
}

const rule = () => victim.rules[1] as string;
const guidelineFile = (externalId: string) =>
  JSON.stringify({ brands: [{ key: 'mine', name: 'Mine', marks: [{ name: 'intruder', asset: { externalId } }] }] });
const rest = () => ({ title: 'T', severity: 'MINOR', kind: 'ALT_TEXT', parameters: {} });

/** Every query, asked for what is A's. */
const queries = (): Record<string, Case[]> => ({
  apiKeys: [
    { variables: {}, outcome: 'own' },
    { variables: { after: victim.cursors.apiKeys }, outcome: 'refused', control: 'skip' },
  ],
  asset: [
    { variables: { id: victim.asset }, outcome: 'nothing' },
    { variables: { id: victim.other }, outcome: 'nothing' },
  ],
  assetBulkEdit: [{ variables: { id: victim.edit }, outcome: 'nothing' }],
  assetBulkEditPreview: [
    { variables: { input: { assets: [victim.asset], change: { title: '{title} seen' } } }, outcome: 'not found' },
    { variables: { input: { assets: [own.asset, victim.other], change: { title: 'x' } } }, outcome: 'not found', control: 'skip' },
    { variables: { input: { filter: {}, change: { title: '{title} seen' } } }, outcome: 'own' },
    {
      variables: { input: { filter: {}, change: { tags: { remove: [`${MARK}tag`] } } } },
      outcome: 'not found',
    },
    { variables: { input: { filter: {}, change: { brand: MARK } } }, outcome: 'not found' },
  ],
  assetBulkEdits: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.assetBulkEdits }, outcome: 'nothing', control: 'skip' },
  ],
  assetImport: [{ variables: { id: victim.importId }, outcome: 'nothing' }],
  assetImports: [
    { variables: { first: 5 }, outcome: 'own' },
    { variables: { first: 5, after: victim.cursors.assetImports }, outcome: 'nothing', control: 'skip' },
  ],
  assets: [
    ...[{}, { query: 'a red picture' }, { sort: { field: 'TITLE', direction: 'ASC' } }].map((variables) => ({
      variables: { ...variables, first: 5 },
      outcome: 'own' as const,
    })),
    { variables: { first: 5, after: victim.cursors.assets }, outcome: 'own', control: 'skip' },
    ...[{ textContains: MARK.slice(0, 5) }, { externalIds: [`${MARK}-ext-0`] }, { metadata: [{ key: `${MARK}key` }] }].map((filter) => ({
      variables: { first: 5, filter },
      outcome: 'nothing' as const,
    })),
    ...[{ brands: [victim.brand] }, { collection: victim.collection }, { compliance: { brand: victim.brand, verdict: 'FAIL' } }].map(
      (filter) => ({ variables: { first: 5, filter }, outcome: 'nothing' as const }),
    ),
    { variables: { first: 5, filter: { tags: { any: [`${MARK}tag`] } } }, outcome: 'refused' },
    { variables: { first: 5, filter: { not: { or: [{ brands: [victim.brand] }] } } }, outcome: 'own', control: 'skip' },
  ],
  assetClassify: [
    { variables: { assets: [victim.asset], labels: [`${MARK} label`] }, outcome: 'not found', control: 'skip' },
    { variables: { assets: [own.asset, victim.asset], labels: ['a dog'] }, outcome: 'not found', control: 'skip' },
  ],
  brand: [{ variables: { id: victim.brand }, outcome: 'nothing' }],
  brands: [
    { variables: { first: 5 }, outcome: 'own' },
    { variables: { first: 5, after: victim.cursors.brands }, outcome: 'own', control: 'skip' },
  ],
  collection: [{ variables: { id: victim.collection }, outcome: 'nothing' }],
  collections: [
    { variables: { first: 5 }, outcome: 'own' },
    { variables: { first: 5, after: victim.cursors.collections }, outcome: 'own', control: 'skip' },
  ],
  complianceReport: [
    { variables: { brand: victim.brand, worst: 5 }, outcome: 'not found' },
    { variables: { scope: { collection: victim.collection } }, outcome: 'not found' },
    { variables: { scope: { rule: rule() } }, outcome: 'not found' },
    {
      variables: { scope: { filter: { or: [{ collection: victim.collection }, { brands: [victim.brand] }] } } },
      outcome: 'own',
      control: 'skip',
    },
    { variables: { brand: victim.brand, asOf: new Date() }, outcome: 'not found' },
    { variables: { scope: { tags: [`${MARK}tag`], uploader: 'a EDITOR' }, worst: 5 }, outcome: 'own', control: 'skip' },
  ],
  deliveryDefaults: [{ variables: {}, outcome: 'own', control: 'skip' }],
  missingFiles: [{ variables: { first: 5 }, outcome: 'nothing', control: 'skip' }],
  deliveryLinks: [{ variables: { asset: victim.asset, first: 5 }, outcome: 'nothing' }],
  concept: [{ variables: { id: victim.concept }, outcome: 'nothing' }],
  conceptBiasReport: [
    {
      variables: {
        concept: victim.concept,
        groups: [
          { name: `${MARK} one`, prompts: [`${MARK} group`] },
          { name: 'two', metadataKey: `${MARK}key` },
        ],
      },
      outcome: 'not found',
    },
    {
      variables: {
        concept: own.concept,
        groups: [
          { name: 'one', prompts: ['a group'] },
          { name: 'two', tag: `${MARK}tag` },
        ],
      },
      outcome: 'refused',
      control: 'skip',
    },
  ],
  conceptLabelSuggestions: [{ variables: { concept: victim.moderated, count: 5 }, outcome: 'not found' }],
  conceptMatches: [
    ...[{}, { concept: victim.concept }, { asset: victim.asset }, { purpose: 'TAG' }].map((variables) => ({
      variables: { ...variables, first: 5 },
      outcome: 'nothing' as const,
    })),
    { variables: { first: 5, after: victim.cursors.conceptMatches }, outcome: 'nothing', control: 'skip' },
  ],
  concepts: [
    { variables: { first: 5 }, outcome: 'own' },
    { variables: { first: 5, after: victim.cursors.concepts }, outcome: 'own', control: 'skip' },
  ],
  complianceReportExport: [{ variables: { id: victim.export }, outcome: 'nothing' }],
  complianceReportExports: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.complianceReportExports }, outcome: 'nothing', control: 'skip' },
  ],
  embeddingModel: [{ variables: {}, outcome: 'own', control: 'skip' }],
  eventWebhooks: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.eventWebhooks }, outcome: 'nothing', control: 'skip' },
  ],
  findings: [
    { variables: { first: 5 }, outcome: 'nothing' },
    ...[{ asset: victim.asset }, { brand: victim.brand }, { rule: rule() }].map((variables) => ({
      variables: { ...variables, first: 5 },
      outcome: 'nothing' as const,
    })),
    { variables: { first: 5, after: victim.cursors.findings }, outcome: 'nothing', control: 'skip' },
  ],
  findingHistory: [
    { variables: { asset: victim.asset, first: 5 }, outcome: 'nothing' },
    { variables: { asset: victim.asset, rule: rule(), first: 5 }, outcome: 'nothing' },
  ],
  findingRemedy: [{ variables: { finding: victim.finding }, outcome: 'not found', control: 'skip' }],
  guideline: [{ variables: { id: victim.guideline }, outcome: 'nothing' }],
  guidelineExport: [
    { variables: { brand: victim.brand }, outcome: 'not found' },
    { variables: { brand: own.brand, guideline: victim.guideline }, outcome: 'not found', control: 'skip' },
  ],
  guidelineFileSchema: [{ variables: {}, outcome: 'own', control: 'skip' }],
  historyHead: [{ variables: {}, outcome: 'own', control: 'skip' }],
  objectDetector: [{ variables: {}, outcome: 'nothing' }],
  nearDuplicates: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, asset: victim.asset }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.nearDuplicates }, outcome: 'nothing', control: 'skip' },
  ],
  moderationQueue: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, concept: victim.moderated }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.moderationQueue }, outcome: 'nothing', control: 'skip' },
  ],
  modelRevisionComparison: [
    { variables: { candidate: victim.revision }, outcome: 'not found', control: 'skip' },
    { variables: { candidate: victim.revision, baseline: victim.revision }, outcome: 'not found', control: 'skip' },
  ],
  modelRevisions: [{ variables: {}, outcome: 'own' }],
  availableModels: [{ variables: {}, outcome: 'own' }],
  node: [
    ...nodeIds().map((id) => ({ variables: { id }, outcome: 'nothing' as const })),
    ...[victim.staged.id, victim.organization].map((id) => ({ variables: { id }, outcome: 'nothing' as const, control: 'skip' as const })),
  ],
  nodes: [{ variables: { ids: [...nodeIds(), victim.organization] }, outcome: 'own', control: 'skip' }],
  renditionPresets: [{ variables: {}, outcome: 'own', control: 'skip' }],
  reportSchedules: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.reportSchedules }, outcome: 'nothing', control: 'skip' },
  ],
  watchedFolders: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.watchedFolders }, outcome: 'nothing', control: 'skip' },
  ],
  ruleKinds: [{ variables: {}, outcome: 'own', control: 'skip' }],
  ruleSets: [{ variables: {}, outcome: 'own', control: 'skip' }],
  rulePreview: [
    { variables: { rule: rule(), parameters: { minWidthPx: 1, minHeightPx: 1 } }, outcome: 'not found' },
    {
      variables: { guideline: victim.guideline, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 9999, minHeightPx: 1 } },
      outcome: 'not found',
    },
    { variables: { guideline: own.guideline, kind: 'ALT_TEXT' }, outcome: 'own', control: 'skip' },
    {
      variables: { guideline: own.guideline, kind: 'STYLE', parameters: { approved: [`${MARK}-ext-0`] } },
      outcome: 'refused',
      control: 'skip',
    },
  ],
  savedSearch: [{ variables: { id: victim.saved }, outcome: 'nothing' }],
  savedSearches: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.savedSearches }, outcome: 'nothing', control: 'skip' },
  ],
  searchSuggestions: [
    { variables: { text: MARK.slice(0, 5) }, outcome: 'nothing' },
    { variables: { text: `${MARK} titl`, kinds: ['TITLE'] }, outcome: 'nothing' },
  ],
  renditionVerdicts: [{ variables: { asset: victim.asset, preset: 'preview' }, outcome: 'not found' }],
  similarAssets: [
    { variables: { asset: victim.asset, first: 5 }, outcome: 'not found' },
    { variables: { asset: own.asset, first: 5 }, outcome: 'nothing', control: 'skip' },
    { variables: { asset: own.asset, first: 5, filter: { brands: [victim.brand] } }, outcome: 'nothing', control: 'skip' },
  ],
  tags: [
    { variables: { first: 5 }, outcome: 'nothing' },
    { variables: { first: 5, prefix: MARK.slice(0, 4) }, outcome: 'nothing' },
    { variables: { first: 5, after: victim.cursors.tags }, outcome: 'nothing', control: 'skip' },
  ],
  viewer: [{ variables: {}, outcome: 'own', control: 'skip' }],
  waivers: [
    { variables: { first: 5 }, outcome: 'nothing' },
    ...[{ asset: victim.asset }, { brand: victim.brand }].map((variables) => ({
      variables: { ...variables, first: 5 },
      outcome: 'nothing' as const,
    })),
    { variables: { first: 5, after: victim.cursors.waivers }, outcome: 'nothing', control: 'skip' },
  ],
});

/** Every mutation, aimed at what is A's; the controls run in this order, deletions last. */
const mutations = (): Record<string, Case[]> => {
  const to = (input: object, outcome: Outcome, control?: 'skip'): Case => ({ variables: { input }, outcome, ...(control && { control }) });
  return {
    stagedUploadCreate: [to({ files: [{ fileName: 'x.png', byteSize: 3 }] }, 'own')],
    stagedUploadPartsCreate: [to({ upload: victim.staged.id }, 'not found', 'skip')],
    stagedUploadComplete: [to({ upload: victim.uploads[0] }, 'not found')],
    stagedUploadDiscard: [to({ upload: victim.staged.id }, 'not found', 'skip')],
    watchedFolderCreate: [to({ folder: root, settleSeconds: 86_400 }, 'own', 'skip')],
    watchedFolderPause: [to({ id: victim.watchedFolder }, 'not found')],
    watchedFolderResume: [to({ id: victim.watchedFolder }, 'not found')],
    watchedFolderRemove: [to({ id: victim.watchedFolder }, 'not found')],
    assetImportCreate: [
      to({ source: { uploads: [{ upload: victim.uploads[0] }] } }, 'not found'),
      to({ source: { archive: { upload: victim.uploads[0] } } }, 'not found', 'skip'),
      to({ source: { manifest: { upload: victim.uploads[0], files: [victim.uploads[1]] } } }, 'not found'),
      // The same key in another organisation is another key.
      to({ source: { folder: root }, idempotencyKey: `${MARK} idempotency` }, 'own', 'skip'),
    ],
    assetImportPause: [to({ id: victim.openImport }, 'not found', 'skip')],
    assetImportResume: [to({ id: victim.openImport }, 'not found', 'skip')],
    assetImportRetry: [to({ id: victim.importId }, 'not found', 'skip')],
    assetImportUndo: [to({ id: victim.importId }, 'not found', 'skip')],
    assetImportCancel: [to({ id: victim.openImport }, 'not found', 'skip'), to({ id: victim.importId }, 'not found', 'skip')],
    complianceReportExportCreate: [
      to({ brand: victim.brand, format: 'JSONL' }, 'not found'),
      to({ scope: { collection: victim.collection }, format: 'JSONL' }, 'not found'),
      to({ brand: own.brand, scope: { rule: rule() }, format: 'JSONL' }, 'not found', 'skip'),
    ],
    reportScheduleCreate: [
      to({ name: `${MARK} schedule`, brand: victim.brand, format: 'CSV', every: 'DAY' }, 'not found', 'skip'),
      to({ name: `${MARK} schedule`, scope: { collection: victim.collection }, format: 'CSV', every: 'DAY' }, 'not found', 'skip'),
      to({ name: `${MARK} schedule`, scope: { rule: rule() }, format: 'CSV', every: 'DAY' }, 'not found', 'skip'),
    ],
    reportScheduleDelete: [to({ id: victim.schedule }, 'not found')],
    findingsReview: [to({ reviews: [{ finding: victim.finding, decision: 'FAIL', reason: 'x' }] }, 'not found')],
    findingReview: [to({ finding: victim.finding, decision: 'FAIL', reason: 'x' }, 'not found')],
    findingWaive: [
      to({ finding: victim.finding, reason: 'x', expiresAt: new Date(Date.now() + 60_000) }, 'not found'),
      to({ rule: rule(), collection: victim.collection, reason: 'x', expiresAt: new Date(Date.now() + 60_000) }, 'not found', 'skip'),
      to({ rule: rule(), assets: [own.asset], reason: 'x', expiresAt: new Date(Date.now() + 60_000) }, 'refused', 'skip'),
      to({ rule: own.rule, assets: [victim.asset], reason: 'x', expiresAt: new Date(Date.now() + 60_000) }, 'refused', 'skip'),
      to({ rule: rule(), filter: { width: { min: 1 } }, reason: 'x', expiresAt: new Date(Date.now() + 60_000) }, 'not found', 'skip'),
    ],
    waiverApprove: [to({ id: victim.waivers[0] }, 'not found')],
    waiverReject: [to({ id: victim.waivers[1], reason: 'x' }, 'not found')],
    waiverRevoke: [to({ id: victim.waivers[2] }, 'not found')],
    assetApprove: [to({ asset: victim.asset }, 'not found'), to({ asset: victim.asset, presets: ['preview'] }, 'not found', 'skip')],
    assetWithdraw: [to({ asset: victim.asset, reason: 'x' }, 'not found')],
    apiKeyCreate: [to({ name: 'mine', role: 'VIEWER' }, 'own')],
    brandCreate: [to({ key: `${MARK}-too`, name: 'x', palette: [] }, 'own')],
    brandMarkCreate: [
      to({ brand: victim.brand, asset: victim.logo, name: 'intruder' }, 'not found'),
      to({ brand: own.brand, asset: victim.logo, name: 'intruder' }, 'not found', 'skip'),
      to({ brand: victim.brand, asset: own.asset, name: 'intruder' }, 'refused', 'skip'),
    ],
    brandMarkDelete: [to({ id: victim.mark }, 'not found')],
    brandUpdate: [to({ id: victim.brand, name: 'changed', palette: [{ name: 'x', hex: '#000' }] }, 'not found')],
    guidelineCreate: [to({ brand: victim.brand, name: 'intruder' }, 'not found')],
    guidelineUpdate: [to({ id: victim.guideline, name: 'changed', sections: [{ title: 'changed', text: '' }] }, 'not found')],
    guidelineImport: [
      // A file names brands by their keys: the same key in another organisation is another brand.
      to({ content: guidelineFile(`${MARK}-ext-0`), dryRun: true }, 'not found', 'skip'),
      to({ content: guidelineFile(`${MARK}-ext-0`), dryRun: true, skipMissingAssets: true }, 'own', 'skip'),
    ],
    ruleCreate: [
      to({ ...rest(), guideline: victim.guideline, key: 'intruder' }, 'not found'),
      to({ ...rest(), guideline: own.guideline, key: 'mixed', scopeTags: [`${MARK}tag`] }, 'refused', 'skip'),
      to({ ...rest(), guideline: own.guideline, key: 'collected', scope: { collection: victim.collection } }, 'refused', 'skip'),
    ],
    ruleUpdate: [to({ id: rule(), title: 'changed', section: null }, 'not found')],
    ruleSetApply: [to({ brand: victim.brand, set: 'web-basics' }, 'not found')],
    ruleTestCasesSet: [
      to({ rule: rule(), cases: [] }, 'not found'),
      to({ rule: own.rule, cases: [{ asset: victim.asset, expected: 'PASS' }] }, 'not found', 'skip'),
    ],
    ruleRetire: [to({ id: rule() }, 'not found')],
    rulePublish: [to({ id: victim.rules[3] }, 'not found')],
    collectionCreate: [to({ name: `${MARK} collection too` }, 'own')],
    collectionUpdate: [to({ id: victim.collection, name: 'changed' }, 'not found')],
    collectionAssetsAdd: [
      to({ collection: victim.collection, assets: [victim.asset] }, 'not found'),
      to({ collection: victim.collection, assets: [own.asset] }, 'not found', 'skip'),
      to({ collection: own.collection, assets: [own.asset, victim.asset] }, 'not found', 'skip'),
    ],
    collectionAssetsRemove: [
      to({ collection: victim.collection, assets: [victim.asset] }, 'not found'),
      to({ collection: own.collection, assets: [victim.asset] }, 'not found', 'skip'),
    ],
    assetTagsAdd: [
      to({ assets: [victim.asset], tags: ['intruder'] }, 'not found'),
      to({ assets: [own.asset, victim.asset], tags: ['intruder'] }, 'not found', 'skip'),
    ],
    assetTagsRemove: [
      to({ assets: [victim.asset], tags: [`${MARK}tag`] }, 'not found'),
      to({ assets: [own.asset], tags: [`${MARK}tag`] }, 'not found', 'skip'),
    ],
    assetUpdate: [
      to({ id: victim.asset, fields: { title: 'changed', tags: [] } }, 'not found'),
      to({ id: own.asset, fields: { brand: MARK } }, 'not found', 'skip'),
      to({ id: own.asset, fields: { externalId: `${MARK}-ext-0`, collection: `${MARK} collection` } }, 'own', 'skip'),
    ],
    assetExportCreate: [
      to({ assets: [victim.asset] }, 'not found'),
      to({ assets: [own.asset, victim.other] }, 'not found', 'skip'),
      to({ filter: { tags: { any: [`${MARK}tag`] } } }, 'refused'),
      to({ filter: { brands: [victim.brand] } }, 'own', 'skip'),
    ],
    assetBulkEditCreate: [
      to({ assets: [victim.asset], change: { title: 'changed' } }, 'not found'),
      to({ assets: [own.asset, victim.asset], change: { title: 'changed' } }, 'not found', 'skip'),
      to({ filter: {}, change: { brand: MARK } }, 'not found', 'skip'),
      to({ filter: {}, change: { tags: { remove: [`${MARK}tag`] } } }, 'not found', 'skip'),
      to({ filter: {}, change: { metadata: { seen: true }, collections: { add: [`${MARK} collection`] } } }, 'own', 'skip'),
    ],
    assetBulkEditCancel: [to({ id: victim.edit }, 'not found', 'skip')],
    assetBulkEditUndo: [to({ id: victim.edit }, 'not found')],
    assetFocalPointSet: [to({ asset: victim.asset, focalPoint: { x: 0, y: 0 } }, 'not found')],
    deliveryLinkCreate: [to({ asset: victim.asset, expiresAt: new Date(Date.now() + 60_000).toISOString() }, 'not found')],
    deliveryDefaultsSet: [to({ onlyApproved: true }, 'own', 'skip')],
    deliveryLinkRevoke: [to({ id: victim.deliveryLink }, 'not found')],
    conceptCreate: [to({ name: `${MARK} concept too` }, 'own')],
    conceptUpdate: [to({ id: victim.concept, synonyms: ['changed'] }, 'not found')],
    conceptLabelsSet: [
      to({ concept: victim.concept, negative: [victim.asset] }, 'not found'),
      to({ concept: own.concept, positive: [own.asset, victim.asset] }, 'not found', 'skip'),
      to({ concept: own.concept, unlabelled: [victim.asset] }, 'not found', 'skip'),
    ],
    conceptCalibrate: [to({ concept: victim.concept, target: 'RECALL', value: 0.5 }, 'not found', 'skip')],
    conceptMatchesAccept: [to({ matches: [victim.match] }, 'not found')],
    conceptMatchesReject: [to({ matches: [victim.case] }, 'not found')],
    conceptDelete: [to({ id: victim.doomed }, 'not found')],
    modelRevisionCreate: [to({ model: 'vitrine-sketch' }, 'own', 'skip')],
    modelRevisionActivate: [
      to({ revision: victim.revision }, 'not found', 'skip'),
      to({ revision: victim.revision, allowIncomplete: true }, 'not found', 'skip'),
    ],
    modelUse: [to({ model: 'vitrine-sketch' }, 'own', 'skip')],
    modelUseCancel: [to({ model: 'tinyclip-8m' }, 'not found', 'skip')],
    modelRevisionDelete: [to({ revision: victim.revision }, 'not found', 'skip')],
    savedSearchCreate: [
      to({ name: `${MARK} search too`, filter: { textContains: 'said nowhere' } }, 'own'),
      to({ name: 'mine', filter: { tags: { any: [`${MARK}tag`] } } }, 'refused', 'skip'),
    ],
    savedSearchUpdate: [to({ id: victim.saved, name: 'changed' }, 'not found')],
    savedSearchDelete: [to({ id: victim.saved }, 'not found')],
    eventWebhookCreate: [to({ name: `${MARK} hook`, url: 'https://example.com/', events: ['RELEASE_BROKEN'] }, 'own', 'skip')],
    eventWebhookUpdate: [to({ id: victim.webhook, name: 'changed' }, 'not found')],
    eventWebhookPing: [to({ id: victim.webhook }, 'not found', 'skip')],
    eventWebhookDelete: [to({ id: victim.webhook }, 'not found')],
    collectionDelete: [to({ id: victim.collection }, 'not found')],
    assetsDelete: [to({ assets: [victim.asset] }, 'not found'), to({ assets: [own.asset, victim.asset] }, 'not found', 'skip')],
    apiKeyRevoke: [to({ id: victim.apiKey }, 'not found')],
  };
};

/** One of each type that implements Node and belongs to an organisation, all of A. */
function nodeIds(): string[] {
  return [
    ...[victim.asset as string, victim.version, victim.tag, victim.collection, victim.brand, victim.importId, victim.edit, victim.saved],
    ...[victim.concept, victim.match, victim.finding, victim.guideline, rule(), victim.waivers[0] as string],
    ...[victim.export, victim.schedule, victim.watchedFolder, victim.apiKey],
  ];
}

/** One operation with everything selected that the field can give. */
function operationOf(kind: 'query' | 'mutation' | 'subscription', field: GraphQLField<unknown, unknown>, variables: object): string {
  const given = field.args.filter(({ name }) => name in variables);
  const declared = given.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = given.map(({ name }) => `${name}: $${name}`).join(', ');
  const { id } = variables as { id?: string };
  const nodeType = id && Buffer.from(id, 'base64url').toString().split(':')[0];
  const selection = selectAll(test.app.schema, field.type, nodeType);
  return print(parse(`${kind} ${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`} ${selection} }`));
}

/** Places of ids in an argument; conditions of filters name what may be, and match nothing where it is not. */
function idPaths(type: GraphQLInputType, path: string): string[] {
  const named = getNamedType(type);
  if (named.name === 'ID') return [path];
  if (!isInputObjectType(named) || named.name === 'AssetFilter') return [];
  return Object.values(named.getFields()).flatMap((field) => idPaths(field.type, `${path}.${field.name}`));
}

/** Texts in a value with their places, which leave out the positions in lists. */
function textsIn(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item) => textsIn(item, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => textsIn(item, path === '' ? name : `${path}.${name}`));
}

const rootFields = () => ({
  query: test.app.schema.getQueryType()?.getFields() ?? {},
  mutation: test.app.schema.getMutationType()?.getFields() ?? {},
});

function outcomeOf(name: string, { data, errors }: GraphqlAnswer): Outcome {
  const value = data?.[name];
  const code = errors[0]?.extensions.code ?? value?.userErrors?.[0]?.code ?? value?.results?.[0]?.userErrors[0]?.code;
  if (code === 'NOT_FOUND') return 'not found';
  if (code !== undefined) return 'refused';
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'nothing';
  if (Array.isArray(value?.edges) && value.edges.length === 0 && value.totalCount === 0) return 'nothing';
  return 'own';
}

/** Ids, hashes and marks of A in an answer, besides what the request itself said. */
function leaksIn(answer: string, sent: string, secrets: readonly string[]): string[] {
  const opened = (text: string) =>
    `${text} ${(text.match(/[\w-]{20,}/g) ?? []).map((part) => Buffer.from(part, 'base64url').toString('latin1')).join(' ')}`.toLowerCase();
  const [said, asked] = [opened(answer), opened(sent)];
  const marks = said.match(new RegExp(`${MARK}[^"\\\\]*`, 'g')) ?? [];
  return [
    ...marks.filter((mark) => !asked.includes(mark.trim().replace(/\W+$/, ''))),
    ...secrets.filter((secret) => said.includes(secret) && !asked.includes(secret)),
  ];
}

/** Every row of an organisation, by table. */
async function dump(organizationId: string): Promise<Record<string, string[]>> {
  const { rows: tables } = await test.app.database.asOwner(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'organization_id'
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  const content: Record<string, string[]> = {};
  for (const name of tables.map((row) => row.name as string)) {
    const statement = {
      text: `SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM "${name}" t`,
      values: [],
      sql: '',
    } as unknown as ReturnType<typeof sql>;
    const rows = await test.app.database.asOrganization(organizationId, (tx) => tx.query<{ row: string }>(statement));
    content[name] = rows.map(({ row }) => row).sort();
  }
  return content;
}

async function secretsOf(): Promise<string[]> {
  const text = JSON.stringify(await dump(a.id));
  const ids = text.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
  const theirs = JSON.stringify(await dump(b.id));
  const hashes = (text.match(/\b[0-9a-f]{64}\b/g) ?? []).filter((hash) => !theirs.includes(hash));
  return [...new Set([...ids, ...hashes, victim.secret.toLowerCase(), ...Object.values(a.keys).map((key) => key.toLowerCase())])];
}

async function settle(): Promise<void> {
  for (let state = 'RUNNING'; state === 'RUNNING' || state === 'PLANNING'; ) {
    const { assetImport } = await test.ask('query ($id: ID!) { assetImport(id: $id) { state } }', { id: victim.openImport }, a.keys.ADMIN);
    state = assetImport.state;
  }
}

it('has a case for every query and mutation of the schema', () => {
  expect(Object.keys(queries()).sort()).toEqual(Object.keys(rootFields().query).sort());
  expect(Object.keys(mutations()).sort()).toEqual(Object.keys(rootFields().mutation).sort());
  expect(Object.keys(test.app.schema.getSubscriptionType()?.getFields() ?? {}).sort()).toEqual([
    'assetBulkEditProgress',
    'assetImportProgress',
    'modelUseProgress',
  ]);
});

it('gives by its id whatever implements Node, one by one and in a list', async () => {
  const types = test.app.schema.getPossibleTypes(test.app.schema.getType('Node') as GraphQLInterfaceType).map(({ name }) => name);
  const ids = [...nodeIds(), victim.organization];
  const typeOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[0] as string;
  expect(ids.map(typeOf).sort()).toEqual(types.sort());
  const nodes = await test.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids: [...ids, 'nothing'] }, a.keys.ADMIN);
  expect(nodes.nodes).toEqual([...ids.map((id) => ({ __typename: typeOf(id), id })), null]);
  for (const id of ids) {
    const { node } = await test.ask('query ($id: ID!) { node(id: $id) { __typename id } }', { id }, a.keys.ADMIN);
    expect(node).toEqual({ __typename: typeOf(id), id });
  }
});

it('fills every table of an organisation', async () => {
  await settle();
  const empty = Object.entries(await dump(a.id)).filter(([, rows]) => rows.length === 0);
  // Rows of facet_due live as long as their transaction; events, until the next minute's job has made messages of them.
  expect(empty.map(([table]) => table)).toEqual(['embedding_failure', 'facet_due', 'webhook_event']);
});

it('shows A its own things by the very queries that B asks', async () => {
  const secrets = await secretsOf();
  const blind: unknown[] = [];
  for (const [name, cases] of Object.entries(queries())) {
    for (const { variables, control } of cases) {
      if (control === 'skip') continue;
      const field = rootFields().query[name] as GraphQLField<unknown, unknown>;
      const answer = await test.graphql(operationOf('query', field, variables), variables, a.keys.ADMIN);
      if (answer.errors.length > 0 || leaksIn(answer.text, JSON.stringify(variables), secrets).length === 0)
        blind.push([name, variables, answer.text.slice(0, 300)]);
    }
  }
  expect(blind).toEqual([]);
});

it('shows an administrator of B nothing of A, and lets nothing of A change', async () => {
  await settle();
  const before = await dump(a.id);
  const secrets = await secretsOf();
  expect(secrets.length).toBeGreaterThan(40);
  const wrong: unknown[] = [];
  for (const [kind, all] of [
    ['query', queries()],
    ['mutation', mutations()],
  ] as const) {
    for (const [name, cases] of Object.entries(all)) {
      for (const { variables, outcome } of cases) {
        const field = rootFields()[kind][name] as GraphQLField<unknown, unknown>;
        const answer = await test.graphql(operationOf(kind, field, variables), variables, b.keys.ADMIN);
        const leaks = leaksIn(answer.text, JSON.stringify(variables), secrets);
        const got = outcomeOf(name, answer);
        if (leaks.length > 0 || got !== outcome)
          wrong.push({ name, variables, expected: outcome, got, leaks: leaks.slice(0, 5), answer: answer.text.slice(0, 400) });
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(await dump(a.id)).toEqual(before);
});

it('reaches nothing of A through fields below those of B', async () => {
  const secrets = await secretsOf();
  const query = `query ($id: ID!, $filter: AssetFilter) { collection(id: $id) { assets(filter: $filter, first: 5) { totalCount edges { node { title } } } } }`;
  for (const filter of [{ brands: [victim.brand] }, { collection: victim.collection }, { externalIds: [`${MARK}-ext-1`] }]) {
    const answer = await test.graphql(query, { id: own.collection, filter }, b.keys.ADMIN);
    expect(leaksIn(answer.text, JSON.stringify(filter), secrets)).toEqual([]);
    expect(answer.data?.collection?.assets?.totalCount ?? 0).toBe(0);
  }
  const { embeddingModel, viewer } = await test.ask(
    'query { embeddingModel { embeddable embedded failed } viewer { organization { slug } } }',
    {},
    b.keys.VIEWER,
  );
  expect({ embeddingModel, viewer }).toEqual({
    embeddingModel: { embeddable: 1, embedded: 1, failed: 0 },
    viewer: { organization: { slug: 'b' } },
  });
});

it('streams nothing of A to B, and nothing to callers without a key', async () => {
  const secrets = await secretsOf();
  for (const [name, variables] of [
    ['assetImportProgress', { id: victim.importId }],
    ['assetBulkEditProgress', { id: victim.edit }],
    ['modelUseProgress', { model: 'tinyclip-8m' }],
  ] as const) {
    const field = test.app.schema.getSubscriptionType()?.getFields()[name] as GraphQLField<unknown, unknown>;
    const query = operationOf('subscription', field, variables);
    const stream = (key: string | null) =>
      fetch(`${test.url}/graphql/stream`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          ...(key !== null && { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
    const theirs = await (await stream(b.keys.ADMIN)).text();
    expect(theirs).toContain('NOT_FOUND');
    expect(leaksIn(theirs, JSON.stringify(variables), secrets)).toEqual([]);
    for (const key of [null, `vtr_${'A'.repeat(43)}`]) expect((await stream(key)).status).toBe(401);
    // The control: A sees it.
    expect(leaksIn(await (await stream(a.keys.VIEWER)).text(), '', secrets).length).toBeGreaterThan(0);
  }
});

it('opens files and takes uploads by whole tokens only', async () => {
  const token = (url: string) => url.slice(url.lastIndexOf('/') + 1);
  expect((await fetch(victim.originalUrl)).status).toBe(200);
  expect((await fetch(victim.thumbnailUrl)).status).toBe(200);
  const [theirs, mine] = [token(victim.originalUrl), token(own.originalUrl)];
  const cut = (text: string) => Math.max(text.lastIndexOf('.'), 0);
  const forged = [
    theirs.slice(0, cut(theirs)) + mine.slice(cut(mine)),
    `${theirs.slice(0, -1)}${theirs.endsWith('A') ? 'B' : 'A'}`,
    theirs.slice(0, cut(theirs)),
    Buffer.from(
      JSON.stringify({ o: a.id, v: Buffer.from(victim.version, 'base64url').toString().slice('AssetVersion:'.length), f: 'original' }),
    ).toString('base64url'),
  ];
  for (const link of forged) expect([link, (await fetch(`${test.url}/files/${link}`)).status]).toEqual([link, 404]);
  const [upload, ownUpload] = [token(victim.staged.url), token(own.uploadUrl)];
  for (const wrong of [
    upload.slice(0, 32) + ownUpload.slice(32),
    ownUpload.slice(0, 32) + upload.slice(32),
    `${upload.slice(0, 32)}${'A'.repeat(32)}`,
  ]) {
    expect([wrong, (await fetch(`${test.url}/uploads/${wrong}`, { method: 'PUT', body: 'bytes' })).status]).toEqual([wrong, 404]);
  }
});

it('is tried with an id that names nothing at every place where a mutation takes one, and never takes it', () => {
  const mine = new Set<unknown>(Object.values(own).flat());
  const untried: string[] = [];
  const taken: string[] = [];
  for (const [name, cases] of Object.entries(mutations())) {
    const foreign = cases.map(({ variables, outcome }) => ({ outcome, paths: textsIn(variables).filter(([, text]) => !mine.has(text)) }));
    const field = rootFields().mutation[name] as GraphQLField<unknown, unknown>;
    for (const path of field.args.flatMap((arg) => idPaths(arg.type, arg.name))) {
      const tried = foreign.filter(({ paths }) => paths.some(([other]) => other === path));
      if (tried.length === 0) untried.push(`${name} ${path}`);
      if (tried.some(({ outcome }) => outcome === 'own')) taken.push(`${name} ${path}`);
    }
  }
  expect({ untried, taken }).toEqual({ untried: [], taken: [] });
});

it('refuses every field to callers without a key, or with one that is unknown', async () => {
  const open: unknown[] = [];
  for (const [kind, all] of [
    ['query', queries()],
    ['mutation', mutations()],
  ] as const) {
    for (const [name, [first]] of Object.entries(all)) {
      const field = rootFields()[kind][name] as GraphQLField<unknown, unknown>;
      const variables = (first as Case).variables;
      for (const key of [null, `vtr_${'A'.repeat(43)}`]) {
        const answer = await test.graphql(operationOf(kind, field, variables), variables, key);
        // A field that may be null is null in a whole answer, which HTTP calls a 200.
        const nothing = answer.status === 401 ? answer.data == null : key === null && answer.data[name] === null;
        if (!nothing || answer.errors[0]?.extensions.code !== 'UNAUTHENTICATED') open.push([name, answer.status, answer.text]);
      }
    }
  }
  expect(open).toEqual([]);
});

it('refuses every mutation below its role, and changes nothing', async () => {
  const before = await dump(a.id);
  const wrong: unknown[] = [];
  for (const [name, [first]] of Object.entries(mutations())) {
    const field = rootFields().mutation[name] as GraphQLField<unknown, unknown>;
    const { variables } = first as Case;
    for (const role of ADMINISTRATION.test(name) ? (['VIEWER', 'EDITOR'] as const) : (['VIEWER'] as const)) {
      const answer = await test.graphql(operationOf('mutation', field, variables), variables, a.keys[role]);
      if (answer.errors[0]?.extensions.code !== 'FORBIDDEN' || answer.data?.[name]) wrong.push([name, role, answer.text.slice(0, 300)]);
    }
  }
  for (const role of ['VIEWER', 'EDITOR'] as const) {
    const answer = await test.graphql('query { apiKeys { totalCount } }', {}, a.keys[role]);
    if (answer.errors[0]?.extensions.code !== 'FORBIDDEN') wrong.push(['apiKeys', role, answer.text]);
  }
  expect(wrong).toEqual([]);
  expect(await dump(a.id)).toEqual(before);
});

it('does for A what it refused to B, so that the refusals were about whose it is', async () => {
  const refused: unknown[] = [];
  for (const [name, cases] of Object.entries(mutations())) {
    for (const { variables, control } of cases) {
      if (control === 'skip') continue;
      const field = rootFields().mutation[name] as GraphQLField<unknown, unknown>;
      const role = ADMINISTRATION.test(name) ? 'ADMIN' : 'EDITOR';
      const answer = await test.graphql(operationOf('mutation', field, variables), variables, a.keys[role]);
      if (outcomeOf(name, answer) !== 'own') refused.push([name, variables, answer.text.slice(0, 300)]);
    }
  }
  expect(refused).toEqual([]);
  expect(test.logLines.filter((line) => Number(line.level) >= 50).map(({ msg, err }) => [msg, (err as Error).message])).toEqual([]);
});
