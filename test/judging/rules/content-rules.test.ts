import { insertAsset, type TestAsset } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let organizationId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'content');
  organizationId = room.admin.organizationId;
});
afterAll(() => test.close());

const embedded = (vector: readonly number[], more: TestAsset = {}): TestAsset => ({
  ...more,
  embedding: { modelRevisionId: room.modelRevisionId, vector },
});
const add = async (brandId: string, assets: Record<string, TestAsset>) => {
  const ids: Record<string, { id: string; versionId: string }> = {};
  for (const [title, asset] of Object.entries(assets))
    ids[title] = await insertAsset(test.database, organizationId, { title, brandId, ...asset });
  await test.database.asOrganization(organizationId, (tx) =>
    room.compliance.judgeVersions(
      tx,
      Object.values(ids).map(({ versionId }) => versionId),
    ),
  );
  return ids;
};
const findingsOf = async (ruleId: string) => {
  const page = await room.compliance.findings(room.admin, { ruleId, first: 100 });
  const titles = await test.database.asOrganization(organizationId, (tx) => tx.rows.asset.findMany({ select: { id: true, title: true } }));
  const titleOf = new Map(titles.map(({ id, title }) => [id, title]));
  return Object.fromEntries(page.edges.map(({ node }) => [titleOf.get(node.assetId) as string, node]));
};

describe('REQUIRED_CONTENT', () => {
  const pencil = { name: 'pencil', prompts: ['a pencil'], counterPrompts: ['a cigarette', 'a candle'] };
  const candle = { name: 'candle', prompts: ['a candle'], counterPrompts: ['a cigarette', 'a pencil'] };
  const assets = () => ({
    pencil: embedded([0, 1, 0]),
    // cosine 0.73 and 0.68: a probability of 0.6 for the pencil, 0.4 for the candle
    both: embedded([0, 0.73, 0.6834]),
    cigarette: embedded([1, 0, 0]),
    unseen: {},
    text: { kind: 'DOCUMENT' as const },
  });

  it('asks for all concepts, and the least sure one decides', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'all-of');
    const rule = await makeRule(room, { guidelineId, kind: 'REQUIRED_CONTENT', parameters: { concepts: [pencil, candle] } });
    await add(brandId, assets());
    const findings = await findingsOf(rule.id);
    expect(Object.fromEntries(Object.entries(findings).map(([title, { verdict }]) => [title, verdict]))).toEqual({
      ...{ pencil: 'FAIL', both: 'NEEDS_REVIEW', cigarette: 'FAIL', unseen: 'NOT_EVALUATED', text: 'NOT_APPLICABLE' },
    });
    expect(findings.pencil!.measured).toMatchObject({ concept: 'candle' });
    expect(findings.both!.message).toMatch(/^"candle" may not be in the picture \(probability 0\.\d+\)/);
    expect(findings.both!.evidence).toMatchObject({ concepts: [{ concept: 'candle', prompt: 'a candle' }, { concept: 'pencil' }] });
    expect(findings.both!.modelRevisionId).toBe(room.modelRevisionId);
  });

  it('asks for one of them where that is enough', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'any-of');
    const rule = await makeRule(room, { guidelineId, kind: 'REQUIRED_CONTENT', parameters: { concepts: [pencil, candle], anyOf: true } });
    await add(brandId, assets());
    const findings = await findingsOf(rule.id);
    expect(findings).toMatchObject({ pencil: { verdict: 'PASS' }, both: { verdict: 'PASS' }, cigarette: { verdict: 'FAIL' } });
    expect(findings.both!.measured).toMatchObject({ concept: 'pencil' });
  });
});

describe('STYLE', () => {
  it('compares with the nearest exemplars, and is judged anew when one of them changes', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'style');
    const parameters = { approved: ['good-1', 'good-2'], rejected: ['bad-1'], passMargin: 0.1, failMargin: -0.1 };
    const ids = await add(brandId, {
      good: embedded([1, 0, 0], { externalId: 'good-1' }),
      'second good': embedded([0.8, 0.6, 0], { externalId: 'good-2' }),
      bad: embedded([0, 0, 1], { externalId: 'bad-1' }),
      like: embedded([0.9, 0.1, 0.1]),
      between: embedded([0.72, 0.1, 0.7]),
      unlike: embedded([0.1, 0, 0.9]),
      unseen: {},
      text: { kind: 'DOCUMENT' },
    });
    const rule = await makeRule(room, { guidelineId, kind: 'STYLE', parameters });
    const findings = await findingsOf(rule.id);
    expect(Object.fromEntries(Object.entries(findings).map(([title, { verdict }]) => [title, verdict]))).toEqual({
      ...{ good: 'PASS', 'second good': 'PASS', bad: 'PASS', like: 'PASS', between: 'NEEDS_REVIEW', unlike: 'FAIL' },
      ...{ unseen: 'NOT_EVALUATED', text: 'NOT_APPLICABLE' },
      // Its only rejected likeness is itself, and nobody is compared with himself.
    });
    expect(findings.like!.evidence).toMatchObject({ nearestApproved: { externalId: 'good-1' }, nearestRejected: { externalId: 'bad-1' } });
    expect(findings.unlike!.message).toBe('More like the rejected "bad" than like the approved "good".');
    await test.database.asOrganization(organizationId, async (tx) => {
      await tx.rows.asset.updateMany({ where: { id: ids.bad!.id }, data: { externalId: 'bad-no-more' } });
      await room.compliance.judgeRules(tx, [rule.id]);
    });
    expect((await findingsOf(rule.id)).unlike).toMatchObject({ verdict: 'PASS' });
    await test.database.asOrganization(organizationId, async (tx) => {
      await tx.rows.asset.updateMany({ where: { id: ids.bad!.id }, data: { externalId: 'bad-1' } });
      // Judging the exemplar judges what is compared with it.
      await room.compliance.judgeVersions(tx, [ids.bad!.versionId]);
    });
    expect((await findingsOf(rule.id)).unlike).toMatchObject({ verdict: 'FAIL' });
  });

  it('goes by similarity alone without rejected exemplars, and says when no exemplar has been seen', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'style-alone');
    await add(brandId, {
      only: embedded([1, 0, 0], { externalId: 'only' }),
      near: embedded([0.8, 0.6, 0]),
      far: embedded([0, 1, 0]),
      unseen: { externalId: 'unseen' },
    });
    const rule = await makeRule(room, { guidelineId, kind: 'STYLE', parameters: { approved: ['only'], minSimilarity: 0.7 } });
    const other = await makeRule(room, { guidelineId, key: 'other', kind: 'STYLE', parameters: { approved: ['unseen'] } });
    expect(await findingsOf(rule.id)).toMatchObject({
      only: { verdict: 'NOT_EVALUATED' },
      near: { verdict: 'PASS' },
      far: { verdict: 'FAIL' },
    });
    expect((await findingsOf(other.id)).near).toMatchObject({
      verdict: 'NOT_EVALUATED',
      message: expect.stringMatching(/none of the approved/),
    });
  });
});
