import sharp from 'sharp';
import { drawObjectSvg } from '../../../src/program/samples/objects.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

// What one can search by, over HTTP, with the model that Vitrine comes with.
let test: TestApp;
let keys: { ADMIN: string; VIEWER: string };
/** Ids of assets by object. */
const assets = new Map<string, string>();
beforeAll(async () => {
  test = await openTestApp();
  keys = (test.organizations.main as { keys: typeof keys }).keys;
  const given = await Promise.all(
    ['apple', 'bicycle', 'house'].map(async (object) => ({ fileName: `${object}.png`, content: await draw(object, 1) })),
  );
  const uploads = (await stageFiles(test, keys.ADMIN, given)).map((upload) => ({ upload }));
  const { items } = await runImport(test, keys.ADMIN, { source: { uploads } });
  for (const [index, { assetId }] of items.entries())
    assets.set((given[index] as { fileName: string }).fileName.slice(0, -4), assetId as string);
});
afterAll(() => test?.close());

function draw(object: string, seed: number): Promise<Buffer> {
  return sharp(Buffer.from(drawObjectSvg({ object, colour: 'red', background: 'white', seed, size: 160 })))
    .png()
    .toBuffer();
}

const search = (subject: object, key = keys.ADMIN) =>
  test.graphql(
    `query ($search: SearchQuery!) { assets(search: $search, showAll: true) {
       edges { score node { id } } search { interpretedAs { terms { label kind } } } } }`,
    { search: { terms: [{ subject }] } },
    key,
  );

it('a staged upload finds what looks like it, time and again, and does not become an asset', async () => {
  const [upload] = await stageFiles(test, keys.ADMIN, [{ fileName: 'mine.png', content: await draw('bicycle', 2) }]);
  for (let turn = 0; turn < 2; turn += 1) {
    const { data } = await search({ upload });
    expect(data.assets.edges).toHaveLength(3);
    expect(data.assets.edges[0].node.id).toBe(assets.get('bicycle'));
    expect(data.assets.edges[0].score).toBeGreaterThan(data.assets.edges[1].score);
    expect(data.assets.search.interpretedAs.terms).toEqual([{ label: upload, kind: 'UPLOAD' }]);
  }
  const all = await test.ask('{ assets { totalCount } }', {}, keys.ADMIN);
  expect(all.assets.totalCount).toBe(3);
});

it('an asset finds what looks like it, and not itself', async () => {
  const { data } = await search({ asset: assets.get('house') });
  expect(data.assets.edges.map((edge: { node: { id: string } }) => edge.node.id)).not.toContain(assets.get('house'));
  expect(data.assets.edges).toHaveLength(2);
});

describe('is refused with a code and the field', () => {
  const refusal = async (subject: object) => {
    const { errors } = await search(subject);
    return errors?.map(({ extensions }) => [extensions.code, extensions.field]);
  };
  const field = (name: string) => `search.terms[0].subject.${name}`;

  it('an upload that is no picture', async () => {
    const [upload] = await stageFiles(test, keys.ADMIN, [{ fileName: 'x.png', content: Buffer.from('no picture at all') }]);
    expect(await refusal({ upload })).toEqual([['BAD_USER_INPUT', field('upload')]]);
  });

  it('an upload whose bytes have not arrived', async () => {
    const { stagedUploadCreate } = await test.ask(
      'mutation { stagedUploadCreate(input: { files: [{ fileName: "a.png", byteSize: 10 }] }) { uploads { id } } }',
      {},
      keys.ADMIN,
    );
    const [[code, named]] = (await refusal({ upload: stagedUploadCreate.uploads[0].id })) as [[string, string]];
    expect([code, named]).toEqual([expect.stringMatching(/^[A-Z_]+$/), field('upload')]);
    expect(code).not.toBe('INTERNAL_SERVER_ERROR');
  });

  it('an id of something else', async () => {
    expect(await refusal({ upload: assets.get('apple') })).toEqual([['BAD_USER_INPUT', field('upload')]]);
    expect(await refusal({ asset: 'not an id' })).toEqual([['BAD_USER_INPUT', field('asset')]]);
  });

  it.each([
    ['none of the four', {}],
    ['two of the four', { text: 'a house', color: '#ff0000' }],
    ['one that is null', { text: null }],
    ['one beside a null', { text: 'a house', asset: null }],
  ])('%s, by GraphQL itself (@oneOf)', async (_, subject) => {
    const { errors } = await search(subject);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    expect(errors?.[0]?.message).toMatch(/search\.terms\[0\]\.subject/);
  });
});

it('the schema says so to clients', async () => {
  const { __type } = await test.ask('{ __type(name: "SearchSubject") { isOneOf } }', {}, keys.ADMIN);
  expect(__type).toEqual({ isOneOf: true });
});
