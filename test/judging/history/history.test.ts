import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { ReviewService } from '../../../src/judging/decisions/review.service.js';
import { WaiverService } from '../../../src/judging/decisions/waiver.service.js';
import { findHistoryHead } from '../../../src/judging/history/history.queries.js';
import { HistoryService } from '../../../src/judging/history/history.service.js';
import { insertAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let history: HistoryService;
let organizationId: string;

let organizations = 0;

beforeAll(async () => {
  test = await openTestDatabase();
  history = new HistoryService(test.database);
});
afterAll(() => test.close());
// An organisation, and so a chain, of its own for each test.
beforeEach(async () => {
  organizations += 1;
  room = await openCompliance(test.database, `ours-${organizations}`);
  organizationId = room.admin.organizationId;
});

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);

/** Changes of an asset's findings, oldest first. */
async function changesOf(assetId: string) {
  const { edges } = await history.listChanges(room.admin, { assetId, first: 100 });
  return edges.map((edge) => edge.node).reverse();
}

describe('the history of findings', () => {
  it('says what changed each finding, and who', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'causes');
    const size = await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 5000, minHeightPx: 10 } });
    const asset = await insertAsset(test.database, organizationId, { brandId, width: 300, rightsExpiresOn: '2026-06-20' });
    await inside((tx) => room.compliance.judgeVersions(tx, [asset.versionId]));
    await inside((tx) => room.compliance.judgeVersions(tx, [asset.versionId]));
    const text = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    await test.database.asOrganization(
      organizationId,
      async (tx) => {
        await tx.rows.asset.updateMany({ where: { id: asset.id }, data: { altText: 'A red boat on a lake' } });
        await room.compliance.judgeAssets(tx, [asset.id]);
      },
      { ...room.admin, apiKeyName: 'writer' },
    );
    const rights = await makeRule(room, { guidelineId, kind: 'RIGHTS_EXPIRY', parameters: {} });
    room.setNow('2026-06-21T00:00:00Z');
    await room.compliance.refreshExpired(organizationId);
    const waivers = new WaiverService(test.database, room.compliance, room.now);
    const [finding] = await room.compliance.findingsOfAssets(room.admin, [asset.id]);
    const sizeFinding = finding!.find((entry) => entry.ruleId === size.id)!;
    const asker = { ...viewerAs(organizationId, 'EDITOR'), apiKeyName: 'asker' };
    const { id } = await waivers.request(
      asker,
      { findingId: sizeFinding.id },
      { reason: 'x', expiresAt: new Date('2026-07-01T00:00:00Z') },
    );
    await waivers.approve({ ...room.admin, apiKeyName: 'approver' }, id, null);
    await room.rules.updateRule({ ...room.admin, apiKeyName: 'ruler' }, size.id, { parameters: { minWidthPx: 400, minHeightPx: 10 } });
    await new ReviewService(test.database, room.compliance).review(
      { ...room.admin, apiKeyName: 'reviewer' },
      sizeFinding.id,
      'FAIL',
      'Indeed.',
    );
    await room.rules.retireRule(room.admin, text.id);
    await inside((tx) => tx.rows.asset.deleteMany({ where: { id: asset.id } }));

    const changes = await changesOf(asset.id);
    const names = new Map([
      [size.id, 'size'],
      [text.id, 'text'],
      [rights.id, 'rights'],
    ]);
    expect(
      changes
        .slice(0, -2)
        .map(({ ruleId, cause, verdict, ruleRevision, actorName }) => [names.get(ruleId), cause, verdict, ruleRevision, actorName]),
    ).toEqual([
      ['size', 'FACTS', 'FAIL', 1, null], // judged in a later transaction than the one that brought the asset
      ['text', 'RULE', 'FAIL', 1, 'test'],
      ['text', 'ASSET_EDIT', 'PASS', 1, 'writer'],
      ['rights', 'RULE', 'NEEDS_REVIEW', 1, 'test'],
      ['rights', 'CLOCK', 'FAIL', 1, null],
      ['size', 'WAIVER', 'WAIVED', 1, 'approver'],
      ['size', 'RULE', 'FAIL', 2, 'ruler'],
      ['size', 'REVIEW', 'FAIL', 2, 'reviewer'],
      ['text', 'RULE', null, 1, 'test'],
    ]);
    expect(changes.slice(-2).map(({ cause, verdict }) => [cause, verdict])).toEqual([
      ['ASSET_REMOVED', null],
      ['ASSET_REMOVED', null],
    ]);
    expect((await history.verify(organizationId)).intact).toBe(true);
  });

  it('knows a change of grants as an edit of the asset, though its days stay', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'grants');
    await makeRule(room, { guidelineId, kind: 'USAGE_RIGHTS', parameters: { territories: ['de'] } });
    const asset = await insertAsset(test.database, organizationId, { brandId, rightsGrants: [{ territories: ['de'] }] });
    await inside((tx) => room.compliance.judgeVersions(tx, [asset.versionId]));
    await inside(async (tx) => {
      await tx.rows.asset.updateMany({ where: { id: asset.id }, data: { rightsGrants: [{ territories: ['fr'] }] } });
      await room.compliance.judgeAssets(tx, [asset.id]);
    });
    expect((await changesOf(asset.id)).map(({ cause, verdict }) => [cause, verdict])).toEqual([
      ['FACTS', 'PASS'],
      ['ASSET_EDIT', 'FAIL'],
    ]);
    const states = await inside((tx) =>
      tx.query<{ grants: unknown }>(sql`SELECT state -> 'rights_grants' AS grants FROM record_history WHERE record = 'asset' ORDER BY id`),
    );
    expect(states.map(({ grants }) => grants)).toEqual([[{ territories: ['de'] }], [{ territories: ['fr'] }]]);
  });

  it('tells new assets, new files and facts that came later apart', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'arrivals');
    await makeRule(room, {
      guidelineId,
      kind: 'PROHIBITED_CONTENT',
      parameters: { concepts: [{ prompt: 'a cigarette', counterPrompts: ['a pencil'] }] },
    });
    const ids = {
      id: '00000000-0000-4000-8000-00000000000a',
      version: '00000000-0000-4000-8000-00000000000b',
      next: '00000000-0000-4000-8000-00000000000c',
    };
    const version = (tx: OrganizationTx, id: string, number: number) =>
      tx.execute(sql`INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
        VALUES (${organizationId}::uuid, ${id}::uuid, ${ids.id}::uuid, ${number}, ${String(number).repeat(64)}, 1, 'a.png', 'image/png', 'IMAGE')`);
    const see = (tx: OrganizationTx, versionId: string) =>
      tx.execute(sql`INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, brand_id, kind, created_at, vector)
        VALUES (${organizationId}::uuid, ${room.modelRevisionId}, ${versionId}::uuid, ${ids.id}::uuid, ${brandId}::uuid, 'IMAGE', now(), '[1,0,0]'::halfvec)`);
    await inside(async (tx) => {
      await tx.execute(sql`INSERT INTO asset (organization_id, id, title, brand_id, current_version_id, kind, media_type, file_name, byte_size)
        VALUES (${organizationId}::uuid, ${ids.id}::uuid, 'a', ${brandId}::uuid, ${ids.version}::uuid, 'IMAGE', 'image/png', 'a.png', 1)`);
      await version(tx, ids.version, 1);
      await room.compliance.judgeVersions(tx, [ids.version]);
    });
    await inside(async (tx) => {
      await see(tx, ids.version);
      await room.compliance.judgeVersions(tx, [ids.version]);
    });
    await inside(async (tx) => {
      await version(tx, ids.next, 2);
      await tx.rows.asset.updateMany({ where: { id: ids.id }, data: { currentVersionId: ids.next } });
      await see(tx, ids.next);
      await room.compliance.judgeVersions(tx, [ids.next]);
    });
    expect((await changesOf(ids.id)).map(({ cause, verdict, versionId }) => [cause, verdict, versionId])).toEqual([
      ['NEW_ASSET', 'NOT_EVALUATED', ids.version],
      ['FACTS', 'FAIL', ids.version],
      ['ASSET_VERSION', null, ids.version],
      ['ASSET_VERSION', 'FAIL', ids.next],
    ]);
  });

  it('makes one link per transaction, pages without gap or repeat, and finds the link of a moment', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'links');
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    const assets: { id: string; versionId: string }[] = [];
    for (let n = 0; n < 3; n += 1) assets.push(await insertAsset(test.database, organizationId, { brandId }));
    const before = await history.head(room.admin);
    await inside((tx) =>
      room.compliance.judgeVersions(
        tx,
        assets.map((asset) => asset.versionId),
      ),
    );
    const after = await history.head(room.admin);
    expect(after.sequence).toBe(before.sequence + 1);
    expect(after.hash).not.toBe(before.hash);
    // Judging the same again is no change.
    await room.compliance.rejudge(organizationId);
    expect((await history.head(room.admin)).sequence).toBe(after.sequence);
    expect(await inside((tx) => findHistoryHead(tx, before.asOf))).toMatchObject({ sequence: before.sequence, hash: before.hash });
    expect(await inside((tx) => findHistoryHead(tx, new Date(0)))).toMatchObject({ sequence: 0, hash: null });

    await room.rules.retireRule(room.admin, rule.id);
    await room.rules.publishRule(room.admin, rule.id);
    const { id } = assets[0]!;
    const paged: number[] = [];
    for (let cursor: string | null = null, more = true; more; ) {
      const page = await history.listChanges(room.admin, { assetId: id, first: 1, after: cursor });
      paged.push(...page.edges.map((edge) => edge.node.id));
      ({ endCursor: cursor, hasNextPage: more } = page.pageInfo);
    }
    expect(paged).toEqual((await changesOf(id)).map((change) => change.id).reverse());
    expect(paged).toHaveLength(3);
    expect((await history.listChanges(room.admin, { assetId: id, ruleId: '00000000-0000-4000-8000-000000000000' })).totalCount).toBe(0);
  });

  it('cannot be changed by the program, and shows it when somebody else has changed it', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'kept');
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    const asset = await insertAsset(test.database, organizationId, { brandId });
    await inside((tx) => room.compliance.judgeVersions(tx, [asset.versionId]));
    for (const statement of [
      sql`UPDATE finding_history SET verdict = 'PASS'`,
      sql`DELETE FROM finding_history`,
      sql`UPDATE record_history SET state = NULL`,
      sql`DELETE FROM history_link`,
      sql`UPDATE history_change SET actor_name = 'somebody else'`,
    ]) {
      await expect(inside((tx) => tx.execute(statement))).rejects.toThrow(/permission denied/);
    }
    await expect(test.database.asOwner('TRUNCATE finding_history')).rejects.toThrow(/only ever added to/);
    await expect(test.database.asOwner(`UPDATE finding_history SET verdict = 'PASS'`)).rejects.toThrow(/only ever added to/);
    const intact = await history.verify(organizationId);
    expect(intact).toMatchObject({ intact: true, broken: [], unlinkedRows: 0, unrecordedFindings: 0 });
    expect(intact.links).toBe(intact.head.sequence);

    const ours = `WHERE organization_id = '${organizationId}'`;
    // Who owns the database can do anything; it does not go unseen.
    const tamper = (statement: string) => {
      const tables = ['finding_history', 'history_link', 'finding_change_count'];
      const alter = (what: string) => tables.map((table) => `ALTER TABLE ${table} ${what}`).join('; ');
      return test.database.asOwner(
        [
          ...[alter('DISABLE TRIGGER kept'), alter('NO FORCE ROW LEVEL SECURITY'), statement],
          ...[alter('ENABLE TRIGGER kept'), alter('FORCE ROW LEVEL SECURITY')],
        ].join('; '),
      );
    };
    const last = intact.head.sequence;
    await tamper(`UPDATE finding_history SET verdict = 'PASS' ${ours}`);
    expect(await history.verify(organizationId)).toMatchObject({
      intact: false,
      broken: [{ sequence: last, fault: 'CONTENT' }],
      unrecordedFindings: 1,
    });
    await tamper(`UPDATE finding_history SET verdict = 'FAIL' ${ours}`);
    expect((await history.verify(organizationId)).intact).toBe(true);
    await tamper(`UPDATE finding_change_count SET failed = failed - 1 ${ours} AND failed > 0`);
    expect(await history.verify(organizationId)).toMatchObject({ intact: false, broken: [{ sequence: last, fault: 'COUNTS' }] });
    await tamper(`UPDATE finding_change_count SET failed = failed + 1 ${ours} AND failed >= 0`);
    expect((await history.verify(organizationId)).intact).toBe(true);
    await tamper(`UPDATE history_link SET recorded_at = recorded_at - interval '1 day' ${ours} AND sequence = ${last - 1}`);
    expect(await history.verify(organizationId)).toMatchObject({ broken: [{ sequence: last - 1, fault: 'HASH' }] });
    await tamper(`UPDATE history_link SET recorded_at = recorded_at + interval '1 day' ${ours} AND sequence = ${last - 1}`);
    await tamper(`DELETE FROM history_link ${ours} AND sequence = ${last - 1}`);
    const cut = await history.verify(organizationId);
    expect(cut.broken).toEqual([{ sequence: last - 1, fault: 'MISSING_LINK' }]);
    expect(cut.unlinkedRows).toBeGreaterThan(0);
  });

  it('shows another organisation nothing', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'private');
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    const asset = await insertAsset(test.database, organizationId, { brandId });
    await inside((tx) => room.compliance.judgeVersions(tx, [asset.versionId]));
    const theirs = await openCompliance(test.database, 'theirs');
    expect((await history.listChanges(theirs.admin, { assetId: asset.id })).totalCount).toBe(0);
    expect((await history.head(theirs.admin)).sequence).toBe(0);
  });
});
