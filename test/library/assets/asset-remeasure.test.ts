import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { AssetRemeasureJob } from '../../../src/library/assets/asset-remeasure.job.js';
import type { EmbeddingService } from '../../../src/engines/embedding/embedding.service.js';
import { replaceParts } from '../../../src/engines/embedding/version-part.queries.js';
import type { FileStore } from '../../../src/platform/files/file-store.js';
import { openFileStore } from '../../../src/platform/files/open-file-store.js';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { sql } from '../../../src/platform/database/sql.js';
import { FACTS_REVISION } from '../../../src/engines/media/media-facts.js';
import { aTurn } from '../../support/job-turn.js';
import { insertAsset } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { recordingLog } from '../../support/recording-log.js';
import { hasFfmpeg, makeVideo } from '../../support/video-file.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let folder: string;
let files: FileStore;
let media: MediaAnalyzer;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'remeasure');
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-remeasure-'));
  files = await openFileStore({ kind: 'local', folder });
  media = createMediaAnalyzer({ processes: 1 });
}, 120_000);
afterAll(async () => {
  await media.close();
  await files.close();
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

it('measures what an earlier program did not, judges by it, and steps over files that are gone', async () => {
  const { organizationId } = room.admin;
  const { brandId, guidelineId } = await makeBrand(room, 'old');
  const rule = await makeRule(room, { guidelineId, kind: 'COLOR_ENCODING', parameters: { iccProfile: 'REQUIRED' } });
  const picture = await sharp({ create: { width: 40, height: 40, channels: 3, background: '#205080' } })
    .withIccProfile('srgb')
    .png()
    .toBuffer();
  const { sha256 } = await files.put(picture, { maxByteSize: 1e6 });
  const kept = await insertAsset(test.database, organizationId, { brandId, title: 'kept', sha256 });
  const gone = await insertAsset(test.database, organizationId, { brandId, title: 'gone' });
  const current = await insertAsset(test.database, organizationId, {
    brandId,
    title: 'current',
    facts: { facts_revision: FACTS_REVISION, has_icc_profile: false },
  });
  const verdicts = async () => {
    const page = await room.compliance.findings(room.admin, { ruleId: rule.id, first: 10 });
    return Object.fromEntries(page.edges.map(({ node }) => [node.versionId, node.verdict]));
  };
  await room.compliance.rejudge(organizationId, { brandId });
  expect(await verdicts()).toEqual({ [kept.versionId]: 'NOT_EVALUATED', [gone.versionId]: 'NOT_EVALUATED', [current.versionId]: 'FAIL' });

  const { log, lines } = recordingLog();
  const job = new AssetRemeasureJob(
    {
      ...{
        database: test.database,
        files,
        media,
        embedding: { noteParts: replaceParts } as unknown as EmbeddingService,
        judge: room.compliance,
        thumbnailEdgePx: 64,
      },
      afterParts: async () => undefined,
    },
    log,
  );
  expect(await job.isNeeded(organizationId)).toBe(true);
  await job.run({ organizationId }, aTurn());
  expect(await verdicts()).toEqual({ [kept.versionId]: 'PASS', [gone.versionId]: 'NOT_EVALUATED', [current.versionId]: 'FAIL' });
  expect(lines.map(({ versionId }) => versionId)).toEqual([gone.versionId]);
  const [version] = await test.database.asOrganization(organizationId, (tx) =>
    tx.rows.assetVersion.findMany({ where: { id: kept.versionId } }),
  );
  expect(version).toMatchObject({ factsRevision: FACTS_REVISION, hasIccProfile: true, shadowShare: 0 });
  expect(version!.luminanceGrid).toHaveLength(512);

  const stopping = new AbortController();
  stopping.abort();
  await expect(job.run({ organizationId }, aTurn({ signal: stopping.signal }))).rejects.toThrow('stopping');
});

it('measures colours anew where a picture is see-through, and what it is made like, of which its vectors are told', async () => {
  const { organizationId } = room.admin;
  const mark = await sharp(
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><circle cx="100" cy="100" r="40" fill="#00aa44"/></svg>'),
  )
    .png()
    .toBuffer();
  const { sha256 } = await files.put(mark, { maxByteSize: 1e6 });
  const [white, green] = [
    { hex: '#ffffff', share: 0.87 },
    { hex: '#00aa44', share: 0.13 },
  ];
  const embedding = { modelRevisionId: room.modelRevisionId, vector: [1, 0, 0] };
  const { versionId } = await insertAsset(test.database, organizationId, { title: 'mark', sha256, colors: [white, green], embedding });
  await test.database.asSystem((tx) =>
    tx.execute(sql`UPDATE model_revision SET domains = '{PHOTOGRAPH}' WHERE id = ${room.modelRevisionId}`),
  );
  const rooms = { database: test.database, files, media, judge: room.compliance, thumbnailEdgePx: 64, afterParts: async () => undefined };
  await new AssetRemeasureJob({ ...rooms, embedding: { noteParts: replaceParts } as unknown as EmbeddingService }, recordingLog().log).run(
    { organizationId },
    aTurn(),
  );
  const { colors, version, vectors } = await test.database.asOrganization(organizationId, async (tx) => ({
    colors: await tx.query(sql`SELECT hex, name, share FROM version_color WHERE version_id = ${versionId}::uuid`),
    version: await tx.rows.assetVersion.findFirst({ where: { id: versionId } }),
    vectors: await tx.query(sql`SELECT is_foreign FROM asset_embedding WHERE version_id = ${versionId}::uuid`),
  }));
  expect(colors).toEqual([{ hex: '#00aa44', name: 'green', share: 1 }]);
  expect(version).toMatchObject({ appearance: 'DRAWING', factsRevision: FACTS_REVISION });
  expect(vectors).toEqual([{ is_foreign: true }]);
  await test.database.asSystem((tx) => tx.execute(sql`UPDATE model_revision SET domains = NULL WHERE id = ${room.modelRevisionId}`));
});

it('finds the parts of files that an earlier program, or one without ffmpeg, did not look into', async () => {
  const { organizationId } = room.admin;
  const strip = Buffer.concat([Buffer.alloc(300, 10), Buffer.alloc(300, 200)]);
  const gif = await sharp(strip, { raw: { width: 10, height: 20, channels: 3, pageHeight: 10 } })
    .gif({ delay: [80, 80] })
    .toBuffer();
  const put = async (content: Buffer) => (await files.put(content, { maxByteSize: 1e7 })).sha256;
  const animation = await insertAsset(test.database, organizationId, {
    title: 'animation',
    fileName: 'a.gif',
    sha256: await put(gif),
    facts: { facts_revision: 1 },
  });
  const stripes = async (colour: string) =>
    sharp({ create: { width: 160, height: 120, channels: 3, background: colour } })
      .composite([{ input: { create: { width: 50, height: 120, channels: 3, background: '#ffffff' } }, gravity: 'west' }])
      .png()
      .toBuffer();
  const film = hasFfmpeg
    ? await insertAsset(test.database, organizationId, {
        ...{ title: 'film', kind: 'VIDEO', mediaType: 'video/mp4', fileName: 'film.mp4', facts: { facts_revision: 0 } },
        sha256: await put(makeVideo([await stripes('#ff0000'), await stripes('#0000ff')])),
      })
    : null;
  const changed: string[] = [];
  const job = new AssetRemeasureJob(
    {
      ...{
        database: test.database,
        files,
        media,
        embedding: { noteParts: replaceParts } as unknown as EmbeddingService,
        judge: room.compliance,
      },
      ...{ thumbnailEdgePx: 64, afterParts: async (id: string) => void changed.push(id) },
    },
    recordingLog().log,
  );
  await job.run({ organizationId }, aTurn());
  expect(changed).toEqual([organizationId]);
  const partsOf = async ({ versionId }: { versionId: string }) =>
    (await test.database.asOrganization(organizationId, (tx) => tx.rows.versionPart.findMany({ where: { versionId } }))).map(
      ({ part }) => part,
    );
  expect(await partsOf(animation)).toEqual(['frame:80']);
  if (film === null) return;
  expect(await partsOf(film)).toEqual([expect.stringMatching(/^frame:(9|10|11)\d\d$/)]);
  const asset = await test.database.asOrganization(organizationId, (tx) => tx.rows.asset.findFirst({ where: { id: film.id } }));
  expect(asset).toMatchObject({ width: 160, height: 120 });
  const [version] = await test.database.asOrganization(organizationId, (tx) =>
    tx.rows.assetVersion.findMany({ where: { id: film.versionId }, include: { colors: true } }),
  );
  expect(version).toMatchObject({ width: 160, frameRate: 10, factsRevision: FACTS_REVISION, warnings: [] });
  expect(version!.colors.length).toBeGreaterThan(0);
});
