import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { WaiverService } from '../../../src/judging/decisions/waiver.service.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { HistoryService } from '../../../src/judging/history/history.service.js';
import { reportFacts } from '../../../src/exchange/reports/report.queries.js';
import { canonicalReport, type ComplianceReport, type ReportScope } from '../../../src/exchange/reports/report.service.js';
import { fetchRows, openRows, type ReportRow } from '../../../src/exchange/reports/report-row.queries.js';
import { openScope } from '../../../src/exchange/reports/report-scope.js';
import { openSource, type ReportSource } from '../../../src/exchange/reports/report-source.queries.js';
import { listDayChanges, reportResolution } from '../../../src/exchange/reports/report-trend.queries.js';
import { insertAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { plainChanges, plainFindings, plainResolution, readHistory } from '../../support/plain-history.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

/** Numbers from 0 to below 1, the same for the same seed (a linear congruential generator). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** What a random history is made of, one transaction or more an event. */
class Story {
  readonly assets: string[] = [];
  readonly waivers: string[] = [];
  #rules: string[] = [];
  #brands: { brandId: string; guidelineId: string }[] = [];
  #collections: string[] = [];
  #tagIds: number[] = [];
  #titles = 0;

  constructor(
    readonly room: Compliance,
    readonly random: () => number,
  ) {}

  get #organizationId(): string {
    return this.room.admin.organizationId;
  }

  inside<T>(work: (tx: OrganizationTx) => Promise<T>): Promise<T> {
    return test.database.asOrganization(this.#organizationId, work, this.room.admin);
  }

  #title(): number {
    this.#titles += 1;
    return this.#titles;
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)] as T;
  }

  async open(): Promise<{ brandId: string; collectionId: string; ruleId: string }> {
    await this.inside(async (tx) => {
      this.#tagIds = [...(await this.room.tags.resolveNames(tx, ['hero', 'channel/web', 'other'])).values()];
      for (const name of ['Spring', 'Autumn']) {
        this.#collections.push((await tx.rows.collection.create({ data: { organizationId: this.#organizationId, name } })).id);
      }
    });
    for (const key of ['one', 'two']) {
      const brand = await makeBrand(this.room, key);
      this.#brands.push(brand);
      const { guidelineId } = brand;
      const minWidthPx = { minWidthPx: 1000, minHeightPx: 10 };
      this.#rules.push(
        (await makeRule(this.room, { guidelineId, kind: 'MIN_RESOLUTION', severity: 'BLOCKER', parameters: minWidthPx })).id,
      );
      await makeRule(this.room, { guidelineId, kind: 'ALT_TEXT', severity: 'MINOR', parameters: {} });
      await makeRule(this.room, { guidelineId, kind: 'SHARPNESS', parameters: { minSharpness: 10, reviewBelow: 20 }, scopeTags: ['hero'] });
    }
    return { brandId: this.#brands[0]!.brandId, collectionId: this.#collections[0]!, ruleId: this.#rules[0]! };
  }

  async arrive(): Promise<void> {
    const tagIds = this.#tagIds.filter(() => this.random() < 0.4).sort((a, b) => a - b);
    const { id, versionId } = await insertAsset(test.database, this.#organizationId, {
      title: `asset ${this.#title()}`,
      brandId: this.random() < 0.1 ? null : this.pick(this.#brands).brandId,
      width: this.pick([300, 1200, 5000, null]),
      altText: this.pick([null, 'A red boat on a lake']),
      metadata: this.pick([{}, { channel: 'print' }, { channel: ['print', 'web'] }]),
      facts: { sharpness: this.pick([5, 15, 50]), facts_revision: 9 },
      tagIds,
    });
    await this.inside((tx) => tx.rows.asset.updateMany({ where: { id }, data: { uploadedBy: 'Ada' } }));
    // A few are never judged: they count as not evaluated.
    if (this.random() < 0.85) await this.inside((tx) => this.room.compliance.judgeVersions(tx, [versionId]));
    this.assets.push(id);
  }

  /** Edits an asset, up to three times in one transaction. */
  edit(): Promise<void> {
    const id = this.pick(this.assets);
    return this.inside(async (tx) => {
      for (let times = 0; times < 1 + Math.floor(this.random() * 3); times++) {
        const data = this.pick([
          { width: 300 },
          { width: 5000 },
          { altText: null },
          { altText: 'A red boat' },
          { brandId: this.pick(this.#brands).brandId },
        ]);
        await tx.rows.asset.updateMany({ where: { id }, data });
        await this.room.compliance.judgeAssets(tx, [id]);
      }
    });
  }

  /** Another file for an asset: its findings go and others come in one transaction. */
  replace(): Promise<void> {
    const id = this.pick(this.assets);
    return this.inside(async (tx) => {
      const [row] = await tx.query<{ version: string }>(sql`
        INSERT INTO asset_version (organization_id, asset_id, number, sha256, byte_size, file_name, media_type, kind, sharpness, facts_revision)
        SELECT organization_id, asset_id, max(number) + 1, repeat(md5(asset_id::text || max(number)), 2), 1, 'a.png', 'image/png', 'IMAGE', ${this.pick([5, 50])}::float8, 9
        FROM asset_version WHERE asset_id = ${id}::uuid GROUP BY 1, 2 RETURNING id AS version`);
      await tx.rows.asset.updateMany({ where: { id }, data: { currentVersionId: row!.version, width: this.pick([300, 5000]) } });
      await this.room.compliance.judgeVersions(tx, [row!.version]);
    });
  }

  async change(): Promise<void> {
    const ruleId = this.pick(this.#rules);
    const parameters = { minWidthPx: this.pick([200, 1000, 2000]), minHeightPx: 10 };
    const severity = this.pick(['BLOCKER', 'MAJOR', 'INFO'] as const);
    await this.room.rules.updateRule(
      this.room.admin,
      ruleId,
      this.pick([{ parameters }, { severity }, { title: `title ${this.#title()}` }]),
    );
  }

  /** The tag that filters and scopes ask for gets another place in the hierarchy, or its old one. */
  rename(): Promise<unknown> {
    const name = this.pick(['hero', 'campaign/hero']);
    return this.inside((tx) => tx.rows.tag.updateMany({ where: { id: this.#tagIds[0]! }, data: { name } }));
  }

  async remove(): Promise<void> {
    const id = this.pick(this.assets);
    this.assets.splice(this.assets.indexOf(id), 1);
    await this.inside((tx) => tx.rows.asset.deleteMany({ where: { id } }));
  }

  collect(): Promise<unknown> {
    const [collectionId, assetId] = [this.pick(this.#collections), this.pick(this.assets)];
    const organizationId = this.#organizationId;
    return this.inside(async (tx) => {
      const { count } = await tx.rows.collectionAsset.deleteMany({ where: { collectionId, assetId } });
      if (count === 0) await tx.rows.collectionAsset.create({ data: { organizationId, collectionId, assetId } });
    });
  }

  async waive(): Promise<void> {
    const waivers = new WaiverService(test.database, this.room.compliance, this.room.now);
    if (this.waivers.length > 0 && this.random() < 0.4) return void (await waivers.revoke(this.room.admin, this.waivers.pop()!, null));
    const [found] = await this.room.compliance.findingsOfAssets(this.room.admin, [this.pick(this.assets)]);
    const open = found!.filter(({ verdict }) => verdict === 'FAIL' || verdict === 'NEEDS_REVIEW');
    if (open.length === 0) return;
    const wanted = { reason: 'x', expiresAt: new Date(this.room.now().getTime() + 86_400_000) };
    const { id } = await waivers.request(viewerAs(this.#organizationId, 'EDITOR'), { findingId: this.pick(open).id }, wanted);
    await waivers.approve(this.room.admin, id, null);
    this.waivers.push(id);
  }

  async next(): Promise<void> {
    if (this.assets.length < 4) return this.arrive();
    await this.pick([() => this.arrive(), () => this.arrive(), () => this.edit(), () => this.edit(), () => this.replace(), () => this.change(),
      () => this.remove(), () => this.collect(),
      () => this.rename(), () => this.waive(), () => this.waive()])(); // biome-ignore format: a table
  }
}

/** Whatever a source says for a scope: the figures and the rows. */
async function readSource(tx: OrganizationTx, source: ReportSource, scope: ReportScope, at: Date) {
  const facts = await reportFacts(tx, source, scope, at, 100);
  await openRows(tx, source, scope);
  const rows: ReportRow[] = [];
  for (let page = await fetchRows(tx); page.length > 0; page = await fetchRows(tx)) rows.push(...page);
  await tx.execute(sql`CLOSE report_rows`);
  return { facts, rows };
}

describe.each([2, 3])('random history %i', (seed) => {
  let room: Compliance;
  let story: Story;
  let scopes: ReportScope[];
  const taken: {
    reports: ComplianceReport[];
    sources: Awaited<ReturnType<typeof readSource>>[];
    assets: Set<string>;
    rules: Set<string>;
  }[] = [];

  beforeAll(async () => {
    room = await openCompliance(test.database, `story-${seed}`);
    room.setNow(new Date().toISOString());
    story = new Story(room, randomOf(seed));
    const { brandId, collectionId, ruleId } = await story.open();
    scopes = [
      {},
      { collectionId },
      { tags: ['hero'] },
      { channel: 'web' },
      { brandId, ruleId },
      { severity: 'MINOR' },
      {
        filter: {
          or: [{ tags: { any: ['campaign'] } }, { collection: toGlobalId('Collection', collectionId) }],
          not: { width: { min: 4000 } },
        },
      },
    ];
    for (let n = 0; n < 30; n++) {
      await story.next();
      if (n % 15 !== 14) continue;
      const reports: ComplianceReport[] = [];
      for (const scope of scopes) reports.push(await room.reports.report(room.admin, scope, { worst: 100 }));
      const present = await story.inside(async (tx) => {
        const sources: (typeof taken)[number]['sources'] = [];
        for (const [at, scope] of scopes.entries())
          sources.push(await readSource(tx, await openScope(tx, scope, null), scope, reports[at]!.asOf));
        const idsOf = async (rows: Promise<{ id: string }[]>) => new Set((await rows).map(({ id }) => id));
        return {
          sources,
          assets: await idsOf(tx.query(sql`SELECT id FROM asset`)),
          rules: await idsOf(tx.query(sql`SELECT id FROM rule WHERE state = 'PUBLISHED'`)),
        };
      });
      taken.push({ reports, ...present });
    }
  }, 240_000);

  it('gives the report of each moment again, byte for byte', async () => {
    expect(taken).toHaveLength(2);
    for (const { reports } of taken) {
      for (const [at, before] of reports.entries()) {
        const again = await room.reports.report(room.admin, scopes[at]!, { worst: 100, asOf: before.asOf });
        expect(canonicalReport(again)).toBe(canonicalReport(before));
      }
    }
    expect((await new HistoryService(test.database).verify(room.admin.organizationId)).intact).toBe(true);
  });

  it('undoes changes to the same rows one by one and in one pass', async () => {
    for (const { reports, sources } of taken) {
      for (const [n, before] of reports.entries()) {
        for (const undo of ['LOOKUP', 'SCAN'] as const) {
          const past = await story.inside(async (tx) => {
            const source = await openScope(tx, scopes[n]!, before.history.sequence);
            return readSource(tx, { ...source, undo }, scopes[n]!, before.asOf);
          });
          expect(past).toEqual(sources[n]);
        }
      }
    }
  });

  it('agrees with the plain reading of the history, spread over days', async () => {
    const { organizationId } = room.admin;
    // Five hours between links: trends get days, and mending takes time. The chain is not looked at any more.
    await test.database.asOwner(`ALTER TABLE history_link DISABLE TRIGGER kept, NO FORCE ROW LEVEL SECURITY;
      UPDATE history_link SET recorded_at = timestamptz '2026-01-01' + sequence * interval '5 hours' WHERE organization_id = '${organizationId}';
      ALTER TABLE history_link ENABLE TRIGGER kept, FORCE ROW LEVEL SECURITY`);
    const rows = await story.inside(readHistory);
    expect(rows.filter((row) => row.verdict === 'WAIVED').length).toBeGreaterThan(0);
    for (const { reports, sources, assets, rules } of taken) {
      const { sequence } = reports[0]!.history;
      const at = new Date(Date.parse('2026-01-01') + sequence * 5 * 3_600_000);
      const standing = plainFindings(rows, sequence);
      for (const row of sources[0]!.rows) {
        expect(standing.get(row.findingId)).toMatchObject({ verdict: row.verdict, message: row.message, ruleRevision: row.ruleRevision });
      }
      expect(sources[0]!.rows).toHaveLength(standing.size);
      const [summed, read, resolution] = await story.inside(async (tx) => {
        const source = await openSource(tx, sequence);
        return [
          await listDayChanges(tx, source, {}, sequence, new Date(0)),
          // A scope that takes all assets there are, and that the sums cannot answer.
          await listDayChanges(tx, source, { uploader: 'Ada' }, sequence, new Date(0)),
          await reportResolution(tx, source, {}, sequence, at),
        ] as const;
      });
      expect(summed).toEqual(plainChanges(rows, sequence));
      expect(read).toEqual(
        plainChanges(
          rows.filter((row) => assets.has(row.assetId)),
          sequence,
        ),
      );
      const plain = plainResolution(rows, sequence, at, { assets, rules });
      expect(resolution).toMatchObject({ resolved: plain.resolved, open: plain.open });
      for (const name of ['medianHours', 'meanHours', 'oldestOpenDays'] as const) {
        if (plain[name] === null) expect(resolution[name]).toBeNull();
        else expect(resolution[name]).toBeCloseTo(plain[name], 1);
      }
    }
    expect(plainResolution(rows, Number.MAX_SAFE_INTEGER, new Date(), taken[1]!).resolved).toBeGreaterThan(0);
  });
});
