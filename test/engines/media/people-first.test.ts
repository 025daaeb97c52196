import sharp from 'sharp';
import { VitrineError } from '../../../src/errors.js';
import { WaitingRequest } from '../../../src/waiting-request.js';
import { createImport, runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';
import { slowSvg, wavesImage } from './support/pictures.js';

const LEAF =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="#1b7f4d"><path d="M50 2a48 48 0 1 0 .1 0zM50 12a38 38 0 1 1-.1 0z"/></g></svg>';

let test: TestApp;
let key: string;
let brand: string;
let leaf: string;
let photo: string;

beforeAll(async () => {
  // So long that nothing here ends by it.
  test = await openTestApp({ config: { VITRINE_DECODERS: '2', VITRINE_DECODE_TIMEOUT_MS: '600000' } });
  key = test.organizations.main!.keys.ADMIN;
  const { brandCreate } = await test.ask(
    'mutation { brandCreate(input: { key: "leafy", name: "Leafy", palette: [] }) { brand { id } userErrors { message } } }',
    {},
    key,
  );
  brand = brandCreate.brand.id;
  const uploads = await stageFiles(test, key, [
    { fileName: 'leaf.svg', content: Buffer.from(LEAF) },
    { fileName: 'photo.png', content: await wavesImage(400, 300).png().toBuffer() },
  ]);
  const { items } = await runImport(test, key, { source: { uploads: uploads.map((upload) => ({ upload, fields: {} })) } });
  [leaf, photo] = items.map(({ assetId }) => assetId as string) as [string, string];
}, 120_000);
afterAll(() => test?.close());

const marks = async (): Promise<string[]> => {
  const { brand: found } = await test.ask('query ($id: ID!) { brand(id: $id) { marks { name } } }', { id: brand }, key);
  return found.marks.map(({ name }: { name: string }) => name);
};
const createMark = (name: string) =>
  test.ask(
    'mutation ($input: BrandMarkCreateInput!) { brandMarkCreate(input: $input) { mark { name } userErrors { message } } }',
    { input: { brand, asset: leaf, name } },
    key,
  );

it('rolls back a mark whose maker went away, and keeps the one of who stayed', async () => {
  const { id: organizationId } = test.organizations.main!;
  const viewer = { organizationId, apiKeyId: '00000000-0000-4000-8000-000000000000', apiKeyName: 'test', role: 'ADMIN' as const };
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let isHeld = (): void => undefined;
  const held = new Promise<void>((resolve) => (isHeld = resolve));
  const holding = test.app.database.asOrganization(organizationId, async (tx) => {
    await tx.rows.brand.updateMany({ data: { name: 'Leafy' } });
    isHeld();
    await released;
  });
  await held;
  const [leaving, staying] = [new WaitingRequest(), new WaitingRequest()];
  const [left, stayed] = [leaving, staying].map((request, index) =>
    request.run(() => test.app.marks.create(viewer, { brand, asset: leaf, name: ['Left', 'Stayed'][index]!, role: 'APPROVED' })),
  );
  const refused = expect(left).rejects.toThrow('went away');
  await leaving.giveUp(new VitrineError('TIMEOUT', 'went away'));
  release();
  await Promise.all([holding, refused, stayed]);
  expect(await marks()).toEqual(['Stayed']);
});

it('answers people while an import holds every decoder', async () => {
  const hostile = [0, 1, 2].map((i) => ({ fileName: `slow-${i}.svg`, content: Buffer.from(`${slowSvg(5000)}<!-- ${i} -->`) }));
  const [query, ...slow] = await stageFiles(test, key, [
    { fileName: 'query.png', content: await sharp(Buffer.from(LEAF)).resize(200, 200).png().toBuffer() },
    ...hostile,
  ]);
  const created = await createImport(test, key, { source: { uploads: slow.map((upload) => ({ upload, fields: {} })) } });
  const pending = async () => {
    const { assetImport } = await test.ask(
      'query ($id: ID!) { assetImport(id: $id) { counts { pending } } }',
      { id: created.import!.id },
      key,
    );
    return assetImport.counts.pending as number;
  };
  expect((await createMark('Made meanwhile')).brandMarkCreate).toEqual({ mark: { name: 'Made meanwhile' }, userErrors: [] });
  const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { rendition(preset: "web-hero") { url } } }', { id: photo }, key);
  const picture = await fetch(asset.rendition.url);
  expect([picture.status, (await picture.arrayBuffer()).byteLength > 0]).toEqual([200, true]);
  const { assets } = await test.ask(
    'query ($upload: ID!) { assets(search: { terms: [{ subject: { upload: $upload } }] }, first: 1) { edges { node { id } } } }',
    { upload: query },
    key,
  );
  expect(assets.edges).toHaveLength(1);
  expect(await pending()).toBe(3);
}, 120_000);
