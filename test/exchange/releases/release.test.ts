import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { WaiverService } from '../../../src/judging/decisions/waiver.service.js';
import { RemedyService, type RemedyRooms } from '../../../src/exchange/remedies/remedy.service.js';
import { ReleaseService } from '../../../src/exchange/releases/release.service.js';
import { insertAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let releases: ReleaseService;
let organizationId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'ours');
  releases = new ReleaseService(test.database, room.compliance, withoutRenditions(room));
  organizationId = room.admin.organizationId;
});
afterAll(() => test.close());

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);
/** Renditions need files and a decoder: test/exchange/remedies opens the whole application. */
const withoutRenditions = ({ compliance }: Compliance) =>
  new RemedyService({ database: test.database, compliance } as unknown as RemedyRooms);
const editor = () => viewerAs(organizationId, 'EDITOR');

describe('the release gate', () => {
  it('stays shut while a blocker is open, and names the finding', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'gate');
    await makeRule(room, {
      guidelineId,
      key: 'big',
      severity: 'BLOCKER',
      kind: 'MIN_RESOLUTION',
      parameters: { minWidthPx: 5000, minHeightPx: 10 },
    });
    await makeRule(room, { guidelineId, key: 'text', severity: 'MAJOR', kind: 'ALT_TEXT', parameters: {} });
    // Never judged: the gate sees to that itself.
    const asset = await insertAsset(test.database, organizationId, { brandId });
    const refused = await releases.approve(editor(), asset.id, null);
    expect(refused.release).toBeNull();
    expect(refused.blockers).toMatchObject([{ ruleKey: 'big', verdict: 'FAIL', assetId: asset.id }]);
    expect(refused.obstacles).toEqual([
      { code: 'RELEASE_BLOCKED', field: 'input.asset', message: expect.stringContaining(refused.blockers[0]!.id) },
    ]);
    expect(await releases.releasesOf(room.admin, [asset.versionId])).toEqual([null]);

    const waivers = new WaiverService(test.database, room.compliance, room.now);
    const expiresAt = new Date(room.now().getTime() + 86_400_000);
    const { id } = await waivers.request(editor(), { findingId: refused.blockers[0]!.id }, { reason: 'Thumbnail only.', expiresAt });
    await waivers.approve(room.admin, id, null);
    const approved = await releases.approve(editor(), asset.id, 'Good.');
    expect(approved).toMatchObject({ obstacles: [], blockers: [], release: { state: 'APPROVED', reason: 'Good.', brokenAt: null } });

    // The waiver ends, and with it what the approval stood on: it is shown, not silently taken back.
    room.setNow(new Date(expiresAt.getTime() + 1).toISOString());
    expect(await releases.releasesOf(room.admin, [asset.versionId])).toMatchObject([{ state: 'APPROVED', brokenAt: room.now() }]);
    const [rule] = await inside((tx) => tx.rows.rule.findMany({ where: { brandId, key: 'big' } }));
    await room.rules.updateRule(room.admin, rule!.id, { parameters: { minWidthPx: 10, minHeightPx: 10 } });
    expect(await releases.releasesOf(room.admin, [asset.versionId])).toMatchObject([{ state: 'APPROVED', brokenAt: null }]);

    await expect(releases.withdraw(editor(), asset.id, '')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.reason' });
    expect(await releases.withdraw(editor(), asset.id, 'Sold out.')).toMatchObject({ state: 'WITHDRAWN', reason: 'Sold out.' });
  });

  it('stays shut where a blocker could not be evaluated or needs a look', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'unsure');
    await makeRule(room, {
      guidelineId,
      key: 'size',
      severity: 'BLOCKER',
      kind: 'MIN_RESOLUTION',
      parameters: { minWidthPx: 50, minHeightPx: 10 },
    });
    await makeRule(room, { guidelineId, key: 'rights', severity: 'BLOCKER', kind: 'RIGHTS_EXPIRY', parameters: { warnDays: 3650 } });
    const asset = await insertAsset(test.database, organizationId, { brandId, width: null, rightsExpiresOn: '2030-01-01' });
    const { obstacles, blockers } = await releases.approve(editor(), asset.id, null);
    expect(obstacles.map(({ code }) => code)).toEqual(['RELEASE_BLOCKED', 'RELEASE_NOT_JUDGED']);
    expect(blockers.map(({ ruleKey, verdict }) => [ruleKey, verdict])).toEqual([
      ['rights', 'NEEDS_REVIEW'],
      ['size', 'NOT_EVALUATED'],
    ]);
  });

  it('belongs to a version: a new file is a draft again', async () => {
    const { brandId } = await makeBrand(room, 'versions');
    const asset = await insertAsset(test.database, organizationId, { brandId });
    expect((await releases.approve(editor(), asset.id, null)).release).toMatchObject({ state: 'APPROVED', versionId: asset.versionId });
    const next = '00000000-0000-4000-8000-0000000000bb';
    await inside(async (tx) => {
      await tx.execute(sql`INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
        SELECT organization_id, ${next}::uuid, asset_id, 2, repeat('ef', 32), byte_size, file_name, media_type, kind FROM asset_version WHERE id = ${asset.versionId}::uuid`);
      await tx.rows.asset.updateMany({ where: { id: asset.id }, data: { currentVersionId: next } });
    });
    expect(await releases.releasesOf(room.admin, [next, asset.versionId])).toMatchObject([null, { state: 'APPROVED' }]);
  });

  it('opens to editors, about their own assets', async () => {
    const { brandId } = await makeBrand(room, 'roles');
    const asset = await insertAsset(test.database, organizationId, { brandId });
    await expect(releases.approve(viewerAs(organizationId, 'VIEWER'), asset.id, null)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const theirs = await openCompliance(test.database, 'theirs');
    const others = new ReleaseService(test.database, theirs.compliance, withoutRenditions(theirs));
    await expect(others.approve(theirs.admin, asset.id, null)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'input.asset' });
    await expect(others.withdraw(theirs.admin, asset.id, 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
