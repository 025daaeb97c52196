import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import path from 'node:path';
import sharp from 'sharp';
import { sql } from '../../../src/platform/database/sql.js';
import { listArchive, readArchiveEntry } from '../../../src/platform/files/archive.js';
import { alternatives, describedPicture, xmpPacket } from '../../support/described-picture.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let test: TestApp;
let main: TestOrganization;
let other: TestOrganization;
let picture: string;
let drawing: string;
let original: Buffer;
const TOMORROW = () => new Date(Date.now() + 86_400_000).toISOString();
const SOURCE_TYPE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
const fields = {
  ...{ title: 'Tür ins Freie', description: 'Zwei\nZeilen', altText: 'An open door', tags: ['door', 'kind/banner'] },
  rights: { holder: '© Müller', license: 'Web only' },
  metadata: { creator: 'Ana', city: 'Köln' },
};

beforeAll(async () => {
  test = await openTestApp({ organizations: ['main', 'other'] });
  main = test.organizations.main as TestOrganization;
  other = test.organizations.other as TestOrganization;
  original = await describedPicture(1, {
    xmp: xmpPacket(
      `${alternatives('dc:title', { 'x-default': 'DSC_0001' })}<Iptc4xmpExt:DigitalSourceType>${SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>`,
    ).replace('rdf:about=""', 'rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'),
  });
  const uploads = await stageFiles(test, main.keys.EDITOR, [
    { fileName: 'door.jpg', content: original },
    {
      fileName: 'mark.svg',
      content: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="4" height="2"/></svg>'),
    },
  ]);
  const { items } = await runImport(test, main.keys.EDITOR, { source: { uploads: uploads.map((upload) => ({ upload, fields })) } });
  [picture, drawing] = items.map(({ assetId }) => assetId as string) as [string, string];
}, 120_000);
afterAll(() => test?.close());

const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const folderOf = (kind: string) => {
  const sha256 = hashOf(original);
  return path.join(test.dataFolder, kind, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
};
const copies = async () => (await readdir(folderOf('renditions'))).filter((name) => name.startsWith('described-'));

async function createLink(input: object) {
  const { deliveryLinkCreate } = await test.ask(
    'mutation ($input: DeliveryLinkCreateInput!) { deliveryLinkCreate(input: $input) { deliveryLink { url withMetadata } userErrors { code field } } }',
    { input: { expiresAt: TOMORROW(), ...input } },
    main.keys.EDITOR,
  );
  return deliveryLinkCreate;
}
async function get(url: string, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { headers });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}
/** What an organisation that knows nothing finds in a file. */
async function reimport(fileName: string, content: Buffer) {
  const [upload] = await stageFiles(test, other.keys.EDITOR, [{ fileName, content }]);
  const { items } = await runImport(test, other.keys.EDITOR, { source: { uploads: [{ upload }] } });
  const { asset } = await test.ask(
    'query ($id: ID!) { asset(id: $id) { title description altText tags rights { holder license } metadata currentVersion { digitalSourceType } } }',
    { id: items[0]?.assetId },
    other.keys.EDITOR,
  );
  const { currentVersion, ...said } = asset;
  return { ...said, ...currentVersion };
}

it('delivers a copy that says what the library says; the original stays', async () => {
  const { deliveryLink } = await createLink({ asset: picture, withMetadata: true });
  expect(deliveryLink.withMetadata).toBe(true);
  const { url } = deliveryLink;
  // Several at once: it is made once.
  const answers = await Promise.all([get(url), get(url), get(url)]);
  const { body, headers } = answers[0] as (typeof answers)[0];
  expect(answers.map(({ status, body: same }) => status === 200 && same.equals(body))).toEqual([true, true, true]);
  expect(headers.get('etag')).toBe(`"${hashOf(body)}"`);
  expect(headers.get('cache-control')).toBe('private, no-cache');
  expect(headers.get('content-disposition')).toContain('door.jpg');
  expect(await reimport('door.jpg', body)).toEqual({ ...fields, digitalSourceType: 'trainedAlgorithmicMedia' });
  const pixels = (content: Buffer) => sharp(content).raw().toBuffer();
  expect((await pixels(body)).equals(await pixels(original))).toBe(true);
  expect(await readFile(folderOf('files'))).toEqual(original);

  // Parts and validators are those of the copy.
  const part = await get(url, { range: 'bytes=100-299', 'if-range': headers.get('etag') as string });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-299/${body.length}`]);
  expect(part.body.equals(body.subarray(100, 300))).toBe(true);
  expect((await get(url, { 'if-none-match': headers.get('etag') as string })).status).toBe(304);

  // Another text, another file: the one before it goes, and a part of it is not answered with bytes of this one.
  await test.ask(
    'mutation ($input: AssetUpdateInput!) { assetUpdate(input: $input) { userErrors { code } } }',
    { input: { id: picture, fields: { title: 'Door', tags: [] } } },
    main.keys.EDITOR,
  );
  const changed = await get(url, { range: 'bytes=0-9', 'if-range': headers.get('etag') as string });
  expect(changed.status).toBe(200);
  expect(changed.headers.get('etag')).not.toBe(headers.get('etag'));
  expect(await reimport('changed.jpg', changed.body)).toMatchObject({ title: 'Door', tags: [], description: fields.description });
  expect(await copies()).toHaveLength(1);
  const plain = await createLink({ asset: picture });
  expect([plain.deliveryLink.withMetadata, (await get(plain.deliveryLink.url)).body.equals(original)]).toEqual([false, true]);
}, 120_000);

it('writes into renditions, and into the original for whoever has a key', async () => {
  const { asset, drawing: mark } = await test.ask(
    `query ($id: ID!, $drawing: ID!) {
      asset(id: $id) { describedOriginalUrl plain: rendition(preset: "preview") { url } rendition(preset: "preview", withMetadata: true) { url mediaType } }
      drawing: asset(id: $drawing) { describedOriginalUrl rendition(preset: "preview", withMetadata: true) { url mediaType } }
    }`,
    { id: picture, drawing },
    main.keys.VIEWER,
  );
  const described = await get(asset.describedOriginalUrl);
  expect([described.status, described.headers.get('cache-control')]).toEqual([200, 'private, no-cache']);
  expect(mark.describedOriginalUrl).toBeNull();
  const [plain, rendition, drawn] = await Promise.all([asset.plain, asset.rendition, mark.rendition].map(({ url }) => get(url)));
  expect([plain, rendition, drawn].map((answer) => answer?.status)).toEqual([200, 200, 200]);
  expect(await reimport('rendition.webp', rendition!.body)).toMatchObject({
    ...{ title: 'Door', rights: fields.rights, metadata: fields.metadata, digitalSourceType: 'trainedAlgorithmicMedia' },
  });
  expect(await reimport('drawn.webp', drawn!.body)).toMatchObject({ title: fields.title, tags: fields.tags });
  const pixels = (content: Buffer) => sharp(content).raw().toBuffer();
  expect((await pixels(rendition!.body)).equals(await pixels(plain!.body))).toBe(true);
}, 120_000);

it('says when a file cannot carry metadata', async () => {
  expect((await createLink({ asset: drawing, withMetadata: true })).userErrors).toEqual([
    { code: 'METADATA_NOT_WRITABLE', field: 'input.withMetadata' },
  ]);
  expect((await createLink({ asset: drawing, preset: 'preview', withMetadata: true })).userErrors).toEqual([]);
  // A link may live to see another file: the click says so.
  const { deliveryLink } = await createLink({ asset: picture, withMetadata: true });
  await test.app.database.asOrganization(main.id, (tx) =>
    tx.execute(sql`UPDATE delivery_link SET asset_id = (SELECT id FROM asset WHERE title = ${fields.title})`),
  );
  const answer = await get(deliveryLink.url);
  expect([answer.status, JSON.parse(answer.body.toString()).error.code]).toEqual([415, 'METADATA_NOT_WRITABLE']);
}, 60_000);

it('writes into the files of an export, or beside them', async () => {
  const { assetExportCreate } = await test.ask(
    'mutation { assetExportCreate(input: { filter: {}, withMetadata: true }) { export { url } userErrors { code } } }',
    {},
    main.keys.EDITOR,
  );
  const { body } = await get(assetExportCreate.export.url);
  const file = path.join(test.dataFolder, 'export.zip');
  const { writeFile } = await import('node:fs/promises');
  await writeFile(file, body);
  const entries: Record<string, Buffer> = {};
  for (const { entry } of await listArchive(file, 1e9)) entries[entry.name] = await buffer(await readArchiveEntry(file, entry));
  expect(Object.keys(entries).sort()).toEqual(['files/door.jpg', 'files/mark.svg', 'files/mark.svg.xmp', 'manifest.jsonl']);
  expect(await reimport('exported.jpg', entries['files/door.jpg'] as Buffer)).toMatchObject({ title: 'Door', rights: fields.rights });
  expect(entries['files/mark.svg.xmp']?.toString()).toContain(fields.title);
  expect(entries['files/mark.svg']?.toString()).not.toContain(fields.title);
  expect(await readdir(path.join(test.dataFolder, 'tmp'))).toEqual([]);
}, 60_000);

it('forgets copies that nobody has asked for', async () => {
  const rows = () => test.app.database.asOrganization(main.id, (tx) => tx.query(sql`SELECT name FROM described_copy`));
  const before = await rows();
  expect(before.length).toBeGreaterThan(1);
  await test.app.database.asOrganization(main.id, (tx) => tx.execute(sql`UPDATE described_copy SET used_at = now() - interval '31 days'`));
  const [{ url }] = [
    (
      await test.ask(
        'query ($id: ID!) { asset(id: $id) { rendition(preset: "preview", withMetadata: true) { url } } }',
        { id: picture },
        main.keys.VIEWER,
      )
    ).asset.rendition,
  ];
  const asked = await get(url);
  expect((await test.app.storage.check({ repair: true })).expired).toMatchObject({ copies: before.length - 1 });
  expect([(await rows()).length, (await copies()).length]).toEqual([1, 1]);
  expect((await get(url)).body.equals(asked.body)).toBe(true);
}, 60_000);
