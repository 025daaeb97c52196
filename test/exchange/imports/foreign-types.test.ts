import {
  AVIF,
  dngOf,
  iconBitmap,
  icoOf,
  JP2,
  JXL,
  LEFT,
  ooxmlOf,
  RIGHT,
  writeBmp,
  writePsd,
} from '../../engines/media/support/foreign-files.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';
import { zipOf } from '../../support/zip-file.js';

let test: TestApp;
let key: string;
beforeAll(async () => {
  test = await openTestApp();
  key = (test.organizations.main as TestOrganization).keys.EDITOR;
});
afterAll(() => test?.close());

it('takes files of many programs, with thumbnails, renditions, texts and names of types to ask for', async () => {
  const jpeg = await structuredPicture(9801, 'jpeg');
  const text = '<w:document xmlns:w="urn:w"><w:p><w:r><w:t>Rhododendron brochure</w:t></w:r></w:p></w:document>';
  const files: Record<string, Buffer> = {
    'a.psd': writePsd({ width: 32, height: 24, mode: 3, halves: [[...LEFT], [...RIGHT]], isPacked: true }),
    'b.bmp': writeBmp(40, 30),
    'c.ico': icoOf([{ edge: 32, bytes: iconBitmap(32) }]),
    'd.jxl': JXL,
    'e.jp2': JP2,
    'f.avif': AVIF,
    'g.nef': dngOf(jpeg, 64, 64, 1),
    'h.docx': ooxmlOf('wordprocessingml.document', { 'word/document.xml': text, 'docProps/thumbnail.jpeg': jpeg }),
  };
  const content = zipOf(Object.entries(files).map(([name, bytes]) => ({ name, content: bytes })));
  const [archive] = await stageFiles(test, key, [{ fileName: 'all.zip', content }]);
  const { items } = await runImport(test, key, { source: { archive: { upload: archive } }, onDuplicate: 'KEEP_BOTH' });
  expect(items.map(({ label, state, message }) => `${label} ${state} ${message ?? ''}`)).toEqual(
    Object.keys(files).map((name) => expect.stringContaining(`${name} CREATED`)),
  );
  for (const { label, assetId } of items) {
    const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { kind thumbnailUrl } }', { id: assetId }, key);
    const answer = await fetch(asset.thumbnailUrl);
    expect(`${label} ${answer.status} ${answer.headers.get('content-type')}`).toBe(`${label} 200 image/webp`);
  }
  const { assets } = await test.ask(
    '{ assets(filter: { mediaTypes: ["image/vnd.adobe.photoshop", "image/x-raw"] }) { totalCount } }',
    {},
    key,
  );
  expect(assets.totalCount).toBe(2);
  const ask = async (query: string) =>
    (
      await test.ask('query ($text: String!) { assets(query: $text, first: 20) { edges { node { fileName } } } }', { text: query }, key)
    ).assets.edges.map(({ node }: { node: { fileName: string } }) => node.fileName);
  expect((await ask('rhododendron'))[0]).toBe('h.docx');
  expect((await ask('type:nef')).sort()).toEqual(['g.nef']);
});
