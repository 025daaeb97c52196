import { AltTextReadJob } from '../../../src/judging/judgements/alt-text-read.job.js';
import { OTHER_TEXTS } from '../../../src/judging/rules/alt-text.js';
import { sql } from '../../../src/platform/database/sql.js';
import { savePassingVectors } from '../../../src/engines/embedding/embedding.queries.js';
import { aTurn } from '../../support/job-turn.js';
import { insertAsset, type TestAsset } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance, TEXT_VECTORS } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let organizationId: string;
let ruleId: string;
let brandId: string;

/** What the model says of alternative texts; all else is at right angles to every picture here. */
const READ: Record<string, { vector: readonly number[]; truncated?: boolean }> = {
  'A cigarette on a table': { vector: [1, 0, 0] },
  'A pencil on a table': { vector: [-1, 0, 0] },
  'Something on a table': { vector: [0.3, 0.95, 0] },
  'A long story about a table': { vector: [1, 0, 0], truncated: true },
};
const readTexts: string[] = [];

beforeAll(async () => {
  // Half of the other texts are a little like the pictures, half a little unlike: mean 0, deviation 0.2.
  for (const [index, text] of OTHER_TEXTS.entries()) TEXT_VECTORS[text] = [index % 2 === 0 ? 0.2 : -0.2, 0.9798, 0];
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'alt-text-fit');
  organizationId = room.admin.organizationId;
  const made = await makeBrand(room, 'fit');
  brandId = made.brandId;
  ruleId = (await makeRule(room, { guidelineId: made.guidelineId, kind: 'ALT_TEXT', parameters: { fits: {} } })).id;
});
afterAll(() => test.close());

const job = () =>
  new AltTextReadJob({
    database: test.database,
    embedding: {
      modelOf: async () => ({
        revision: { id: room.modelRevisionId },
        readAltTexts: async (owner: string, texts: readonly string[]) => {
          readTexts.push(...texts);
          const vectors = texts.map((text) => {
            const { vector, truncated = false } = READ[text] ?? { vector: [0, 0, 1] };
            return [text, { vector: Float32Array.from(vector), truncated }] as const;
          });
          await test.database.asOrganization(owner, (tx) => savePassingVectors(tx, room.modelRevisionId, new Map(vectors), 'ALT_TEXT'));
        },
      }),
    } as never,
    judge: room.compliance,
  });
const read = () => job().run({ organizationId }, aTurn());

async function add(assets: Record<string, TestAsset>) {
  const ids: { id: string; versionId: string }[] = [];
  for (const [title, asset] of Object.entries(assets))
    ids.push(await insertAsset(test.database, organizationId, { title, brandId, ...asset }));
  await test.database.asOrganization(organizationId, (tx) =>
    room.compliance.judgeVersions(
      tx,
      ids.map(({ versionId }) => versionId),
    ),
  );
  return ids;
}

async function findings() {
  const page = await room.compliance.findings(room.admin, { ruleId, first: 100 });
  const titles = await test.database.asOrganization(organizationId, (tx) => tx.rows.asset.findMany({ select: { id: true, title: true } }));
  const titleOf = new Map(titles.map(({ id, title }) => [id, title]));
  return Object.fromEntries(page.edges.map(({ node }) => [titleOf.get(node.assetId) as string, node]));
}
const verdicts = async () => Object.fromEntries(Object.entries(await findings()).map(([title, { verdict }]) => [title, verdict]));
const seen = (altText: string | null, more: TestAsset = {}): TestAsset => ({
  altText,
  embedding: { modelRevisionId: room.modelRevisionId, vector: [1, 0, 0] },
  ...more,
});

it('asks for texts to be read, and then tells those that fit by how far they stand above texts about other things', async () => {
  expect(room.asked).toEqual(expect.arrayContaining([...OTHER_TEXTS]));
  await add({
    right: seen('A cigarette on a table'),
    wrong: seen('A pencil on a table'),
    doubtful: seen('Something on a table', { kind: 'VIDEO' }),
    truncated: seen('A long story about a table'),
    'too long to keep': seen('x'.repeat(501)),
    unseen: { altText: 'A cigarette on a table' },
    'file name': seen('IMG_2041'),
    missing: seen(null),
    document: { kind: 'DOCUMENT', altText: 'A pencil on a table' },
  });
  expect(room.readings.count).toBeGreaterThan(0);
  expect(await verdicts()).toMatchObject({
    right: 'NOT_EVALUATED',
    wrong: 'NOT_EVALUATED',
    'file name': 'FAIL',
    document: 'NOT_APPLICABLE',
  });
  await read();
  expect(await verdicts()).toEqual({
    ...{ right: 'PASS', wrong: 'FAIL', doubtful: 'NEEDS_REVIEW', truncated: 'NOT_EVALUATED' },
    ...{ unseen: 'NOT_EVALUATED', 'file name': 'FAIL', missing: 'FAIL', document: 'NOT_APPLICABLE' },
    // a formal fault comes first
    'too long to keep': 'FAIL',
  });
  const { right, wrong, doubtful, truncated, unseen } = await findings();
  expect(right).toMatchObject({ measured: { fitDeviations: expect.closeTo(5, 0) }, modelRevisionId: room.modelRevisionId });
  expect(right!.evidence).toMatchObject({
    cosine: 1,
    otherTextsMean: expect.any(Number),
    otherTextsDeviation: expect.closeTo(0.2, 2),
    part: 'whole',
  });
  expect(wrong!.required).toMatchObject({ failBelow: -1, passFrom: 1.5 });
  expect(doubtful!.measured).toMatchObject({ fitDeviations: expect.closeTo(1.43, 1) });
  expect(truncated!.message).toMatch(/longer than the model reads/);
  expect(unseen!.message).toMatch(/has not seen this picture/);
  expect(new Set(readTexts)).toEqual(new Set(Object.keys(READ).concat('IMG_2041')));
});

it('reads a text again when it changes, and forgets those that no asset has', async () => {
  const [{ id, versionId } = { id: '', versionId: '' }] = await add({ edited: seen('A pencil on a table') });
  expect(await verdicts()).toMatchObject({ edited: 'FAIL' });
  await test.database.asOrganization(organizationId, async (tx) => {
    await tx.rows.asset.updateMany({ where: { id }, data: { altText: '\n A fresh cigarette ' } });
    await room.compliance.judgeVersions(tx, [versionId]);
  });
  READ['A fresh cigarette'] = { vector: [1, 0, 0] };
  const asked = room.readings.count;
  expect(await verdicts()).toMatchObject({ edited: 'NOT_EVALUATED' });
  expect(asked).toBeGreaterThan(0);
  await read();
  expect(await verdicts()).toMatchObject({ edited: 'PASS' });
  await test.database.asOrganization(organizationId, (tx) => tx.rows.asset.updateMany({ where: { id }, data: { altText: null } }));
  await read();
  const kept = await test.database.asOrganization(organizationId, (tx) =>
    tx.query<{ text: string }>(sql`SELECT text FROM text_embedding WHERE purpose = 'ALT_TEXT' ORDER BY text`),
  );
  expect(kept.map(({ text }) => text)).not.toContain('A fresh cigarette');
  expect(kept.map(({ text }) => text)).toContain('A pencil on a table');
});

it('refuses thresholds the wrong way round', async () => {
  const { guidelineId } = await makeBrand(room, 'wrong-way');
  await expect(
    makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: { fits: { failBelow: 2, passFrom: 1 } } }),
  ).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    field: expect.stringContaining('fits.failBelow'),
  });
});
