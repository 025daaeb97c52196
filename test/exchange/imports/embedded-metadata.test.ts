import { runImport, stageFiles } from '../../support/import-client.js';
import { alternatives, bag, describedPicture, xmpPacket } from '../../support/described-picture.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;

beforeAll(async () => {
  test = await openTestApp();
  key = test.organizations.main?.keys.EDITOR as string;
});
afterAll(() => test?.close());

const xmp = (title: string, keywords: string[]) =>
  xmpPacket(
    alternatives('dc:title', { 'x-default': title }) +
      alternatives('Iptc4xmpCore:AltTextAccessibility', { 'x-default': `${title}, described` }) +
      bag('dc:subject', keywords) +
      alternatives('dc:rights', { 'x-default': '© Jane' }) +
      '<photoshop:City>Zürich</photoshop:City><photoshop:DateCreated>2019-03-04</photoshop:DateCreated>',
  );

async function run(content: Buffer, fields: object = {}, more: object = {}) {
  const [upload] = await stageFiles(test, key, [{ fileName: 'photo.jpg', content }]);
  const { items, id } = await runImport(test, key, { source: { uploads: [{ upload, fields }] }, ...more });
  const { assetImport } = await test.ask(
    'query ($id: ID!) { assetImport(id: $id) { items(first: 1) { edges { node { state code notes } } } resultUrl } }',
    { id },
    key,
  );
  const assetId = items[0]?.assetId;
  const { asset } = await test.ask(
    `query ($id: ID!) { asset(id: $id) { title altText tags metadata rights { holder license } currentVersion { embeddedMetadata exif } versions { number } } }`,
    { id: assetId ?? Buffer.from(`Asset:${crypto.randomUUID()}`).toString('base64url') },
    key,
  );
  return { item: assetImport.items.edges[0].node, asset, assetId, resultUrl: assetImport.resultUrl as string };
}

it('describes a new asset by what its file says, where search and filters find it', async () => {
  const { asset, item, assetId } = await run(await describedPicture(6001, { xmp: xmp('Lake at dawn', ['Lake', 'Dawn mist']) }));
  expect(item).toEqual({ state: 'CREATED', code: 'NEW_ASSET', notes: [] });
  expect(asset).toMatchObject({
    ...{ title: 'Lake at dawn', altText: 'Lake at dawn, described', tags: ['dawn mist', 'lake'], metadata: { city: 'Zürich' } },
    ...{ rights: { holder: '© Jane', license: null } },
    currentVersion: {
      exif: { takenAt: '2019-03-04' },
      embeddedMetadata: { title: 'Lake at dawn', keywords: ['Lake', 'Dawn mist'], city: 'Zürich' },
    },
  });
  expect(asset.currentVersion.embeddedMetadata.xmp).toContain('<dc:title>');
  for (const filter of [
    { tags: { all: ['lake', 'dawn mist'] } },
    { textContains: 'at dawn' },
    { metadata: [{ key: 'city', equals: 'Zürich' }] },
    { capturedOn: { from: '2019-03-01', before: '2019-04-01' } },
  ]) {
    const { assets } = await test.ask(
      'query ($filter: AssetFilter) { assets(filter: $filter) { edges { node { id } } } }',
      { filter },
      key,
    );
    expect([filter, assets.edges]).toEqual([filter, [{ node: { id: assetId } }]]);
  }
});

it('lets the row win and notes what lost, in the items and in the result file', async () => {
  const { asset, item, resultUrl } = await run(await describedPicture(6002, { xmp: xmp('From the file', ['file']) }), {
    title: 'From the row',
    tags: ['row'],
  });
  expect(asset).toMatchObject({ title: 'From the row', tags: ['row'], altText: 'From the file, described' });
  expect(item.notes).toEqual(['The row wins over the file\'s title: "From the file".', 'The row wins over the file\'s keywords: "file".']);
  expect(JSON.parse(await (await fetch(resultUrl)).text()).notes).toBe(item.notes.join(' '));
});

it('takes nothing when told so, and predicts what it takes in a dry run', async () => {
  const content = await describedPicture(6003, { xmp: xmp('Unread', ['unread']) });
  const dry = await run(content, { title: 'Row' }, { dryRun: true });
  expect(dry.item).toMatchObject({ state: 'CREATED', notes: ['The row wins over the file\'s title: "Unread".'] });
  const { asset, item } = await run(content, {}, { readMetadata: false });
  expect(asset).toMatchObject({ title: 'photo', altText: null, tags: [], metadata: {}, rights: { holder: null } });
  expect(asset.currentVersion.embeddedMetadata).toMatchObject({ title: 'Unread' });
  expect(item.notes).toEqual([]);
  const { tags } = await test.ask('{ tags(prefix: "unread") { totalCount } }', {}, key);
  expect(tags.totalCount).toBe(0);
});

it('changes nothing that people said when a new version says otherwise', async () => {
  await run(await structuredPicture(6004), { externalId: 'described', title: 'By hand' });
  const { asset, item } = await run(await describedPicture(6005, { xmp: xmp('By file', ['by file']) }), { externalId: 'described' });
  expect(item).toEqual({ state: 'UPDATED', code: 'NEW_VERSION', notes: [] });
  expect(asset).toMatchObject({ title: 'By hand', tags: [], versions: [{ number: 2 }, { number: 1 }] });
});
