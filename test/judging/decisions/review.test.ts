import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { ReviewService } from '../../../src/judging/decisions/review.service.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { insertAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let reviews: ReviewService;
let organizationId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'ours');
  reviews = new ReviewService(test.database, room.compliance);
  organizationId = room.admin.organizationId;
});
afterAll(() => test.close());

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);
const findingOf = async (assetId: string) => (await room.compliance.findingsOfAssets(room.admin, [assetId]))[0]![0]!;

describe('many reviews at once', () => {
  it('are each decided by itself, in their order', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'queue');
    const concept = { prompt: 'a cigarette', counterPrompts: ['a pencil'] };
    await makeRule(room, { guidelineId, kind: 'PROHIBITED_CONTENT', parameters: { concepts: [concept], reviewAt: 0.4, failAt: 0.9 } });
    const add = (vector: number[]) =>
      insertAsset(test.database, organizationId, { brandId, embedding: { modelRevisionId: room.modelRevisionId, vector } });
    const [unsure, sure, other] = [await add([0.72, 0.69, 0]), await add([1, 0, 0]), await add([0.72, 0.69, 0])];
    await inside((tx) => room.compliance.judgeVersions(tx, [unsure.versionId, sure.versionId, other.versionId]));
    const idOf = async (asset: { id: string }) => toGlobalId('Finding', (await findingOf(asset.id)).id);
    const editor = viewerAs(organizationId, 'EDITOR');
    const decide = (finding: string, reason = 'Looked at.') => ({ finding, decision: 'PASS' as const, reason });
    const nowhere = toGlobalId('Finding', '0c0ffee0-0000-4000-8000-00000000dead');
    const outcomes = await reviews.reviewMany(editor, [
      decide(await idOf(unsure)),
      decide(await idOf(sure)),
      decide(nowhere),
      decide('x'),
      decide(await idOf(other), ' '),
      decide(await idOf(other)),
    ]);
    expect(outcomes).toMatchObject([
      { verdict: 'PASS', assetId: unsure.id },
      { code: 'FORBIDDEN' }, // a FAIL is overruled by an ADMIN
      { code: 'NOT_FOUND', field: 'input.reviews[2].finding' },
      { code: 'BAD_USER_INPUT', field: 'input.reviews[3].finding' },
      { code: 'BAD_USER_INPUT', field: 'input.reviews[4].reason' },
      { verdict: 'PASS', assetId: other.id },
    ]);
    expect((await findingOf(sure.id)).verdict).toBe('FAIL');
    expect(await reviews.reviewMany(room.admin, [decide(await idOf(sure))])).toMatchObject([{ verdict: 'PASS' }]);
    for (const wrong of [[], Array.from({ length: 101 }, () => decide(nowhere))])
      await expect(reviews.reviewMany(editor, wrong)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.reviews' });
    await expect(reviews.reviewMany(viewerAs(organizationId, 'VIEWER'), [decide(nowhere)])).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('a review', () => {
  it('decides what a model was not sure of, until the rule changes', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'seen');
    const concept = { prompt: 'a cigarette', counterPrompts: ['a pencil'] };
    const rule = await makeRule(room, {
      guidelineId,
      kind: 'PROHIBITED_CONTENT',
      parameters: { concepts: [concept], reviewAt: 0.4, failAt: 0.9 },
    });
    const add = (vector: number[]) =>
      insertAsset(test.database, organizationId, { brandId, embedding: { modelRevisionId: room.modelRevisionId, vector } });
    const unsure = await add([0.72, 0.69, 0]);
    const sure = await add([1, 0, 0]);
    await inside((tx) => room.compliance.judgeVersions(tx, [unsure.versionId, sure.versionId]));
    const editor = viewerAs(organizationId, 'EDITOR');

    const first = await findingOf(unsure.id);
    expect(first.verdict).toBe('NEEDS_REVIEW');
    expect(await reviews.review(editor, first.id, 'PASS', 'It is a chalk.')).toMatchObject({
      id: first.id,
      verdict: 'PASS',
      checkerVerdict: 'NEEDS_REVIEW',
    });
    expect(await reviews.review(editor, first.id, 'FAIL', 'No, look again.')).toMatchObject({
      verdict: 'FAIL',
      checkerVerdict: 'NEEDS_REVIEW',
    });
    await room.compliance.rejudge(organizationId, { brandId });
    expect((await findingOf(unsure.id)).verdict).toBe('FAIL');

    const certain = await findingOf(sure.id);
    await expect(reviews.review(editor, certain.id, 'PASS', 'It is a chalk.')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await reviews.review(room.admin, certain.id, 'PASS', 'It is a chalk.')).verdict).toBe('PASS');

    await room.rules.updateRule(room.admin, rule.id, { parameters: { concepts: [concept], reviewAt: 0.3, failAt: 0.9 } });
    expect([(await findingOf(unsure.id)).verdict, (await findingOf(sure.id)).verdict]).toEqual(['NEEDS_REVIEW', 'FAIL']);
  });

  it('cannot talk away what was measured, nor decide what was not judged', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'measured');
    await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 5000, minHeightPx: 10 } });
    const small = await insertAsset(test.database, organizationId, { brandId });
    const unknown = await insertAsset(test.database, organizationId, { brandId, width: null });
    await inside((tx) => room.compliance.judgeVersions(tx, [small.versionId, unknown.versionId]));
    const { id } = await findingOf(small.id);
    await expect(reviews.review(room.admin, id, 'PASS', 'Fine.')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.decision',
    });
    expect((await reviews.review(room.admin, id, 'FAIL', 'Indeed.')).verdict).toBe('FAIL');
    await expect(reviews.review(room.admin, (await findingOf(unknown.id)).id, 'PASS', 'Fine.')).rejects.toMatchObject({
      field: 'input.finding',
    });
    await expect(reviews.review(room.admin, id, 'FAIL', ' ')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.reason' });
    await expect(reviews.review(viewerAs(organizationId, 'VIEWER'), id, 'FAIL', 'x')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
