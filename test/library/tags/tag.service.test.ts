import 'reflect-metadata';
import type { Viewer } from '../../../src/viewer.js';
import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { registerModel } from '../../../src/engines/embedding/embedding.queries.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { TagService } from '../../../src/library/tags/tag.service.js';
import { insertAsset, insertOrganization, viewerAs } from '../../support/asset-rows.js';
import { nativeUrl, openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let organizationId: string;
let otherId: string;
let editor: Viewer;
let modelRevisionId: number;
let tags: TagService;
const told: string[][] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  organizationId = await insertOrganization(test.database, 'ours');
  otherId = await insertOrganization(test.database, 'theirs');
  editor = viewerAs(organizationId, 'EDITOR');
  const info = { modelId: 'test', revision: 'test-1', dimensions: 3, modelType: 'clip', logitScale: 100, logitBias: null };
  modelRevisionId = (await registerModel(test.database, info as Parameters<typeof registerModel>[1])).id;
  tags = new TagService(test.database, {
    afterChange: async (tx, assetIds) => {
      // Proves that the change is visible to the listener in its own transaction.
      await tx.query(sql`SELECT 1`);
      told.push([...assetIds].sort());
    },
  });
});
beforeEach(() => {
  told.length = 0;
});
afterAll(() => test.close());

const within = <T>(work: (tx: OrganizationTx) => Promise<T>, id = organizationId) => test.database.asOrganization(id, work);
const newAsset = (tagIds: number[] = []) =>
  insertAsset(test.database, organizationId, { tagIds, embedding: { modelRevisionId, vector: [1, 0, 0] } }).then((asset) => asset.id);
const resolve = (names: string[]) => within((tx) => tags.resolveNames(tx, names));
const global = (ids: string[]) => ids.map((id) => toGlobalId('Asset', id));

/** Tags of an asset, and of its search rows. */
async function tagsOf(assetId: string): Promise<{ asset: number[]; search: number[][] }> {
  return within(async (tx) => ({
    asset: (await tx.query<{ t: number[] }>(sql`SELECT tag_ids AS t FROM asset WHERE id = ${assetId}::uuid`))[0]?.t ?? [],
    search: (await tx.query<{ t: number[] }>(sql`SELECT tag_ids AS t FROM asset_embedding WHERE asset_id = ${assetId}::uuid`)).map(
      (row) => row.t,
    ),
  }));
}

describe('resolveNames', () => {
  it('gives every spelling of a tag one id, under the name as it was given', async () => {
    const spellings = ['Spring  Sale', ' spring sale ', 'SPRING\u00a0SALE', 'Cafe\u0301', 'café', 'CAFÉ'];
    const ids = await resolve(spellings);
    expect([...ids.keys()]).toEqual(spellings);
    expect(new Set([...ids.values()]).size).toBe(2);
    expect(await within((tx) => tags.loadNames(tx, [...ids.values()]))).toEqual(
      new Map([
        [ids.get('café'), 'café'],
        [ids.get(' spring sale '), 'spring sale'],
      ]),
    );
    expect(await resolve(['spring sale'])).toEqual(new Map([['spring sale', ids.get('Spring  Sale')]]));
  });

  it('keeps letters whose lower case is longer or strange', async () => {
    const names = ['İstanbul', 'GROẞ', 'ΟΔΟΣ', '家族', '👩‍👩‍👧', '100% "wool"\\', "it's; DROP TABLE tag"];
    const ids = await resolve(names);
    expect(new Set(ids.values()).size).toBe(names.length);
    expect(await resolve(names)).toEqual(ids);
  });

  it.each([
    ['a path with a slash too many', 'kind/kid', ['kind/kid/', '/kind/kid', 'kind//kid', ' kind / kid ', 'KIND/Kid']],
    ['hidden characters', 'softhyphen', ['soft\u00adhyphen', 'soft\u200bhyphen', 'soft\u202ehyphen', '\ufeffsofthyphen']],
    ['parts of letters', 'müller', ['mu\u0308ller', 'Mu\u0308ller']],
  ])('takes %s for the same tag', async (_, name, others) => {
    const ids = await resolve([name, ...others]);
    expect(new Set(ids.values()).size).toBe(1);
    expect([...(await test.database.asOrganization(organizationId, (tx) => tags.loadNames(tx, [...ids.values()]))).values()]).toEqual([
      name,
    ]);
  });

  it.each([
    ['an empty name', ''],
    ['spaces only', ' \u00a0 '],
    ['a control character', 'a\u0000b'],
    ['a line break', 'a\nb'],
    ['half a character', 'a\ud800'],
    ['hidden characters only', '\u200b\u00ad'],
    ['a path without steps', ' / //'],
    ['101 characters', 'x'.repeat(101)],
    ['100 characters that grow when lowered', 'İ'.repeat(100)],
  ])('refuses %s, naming its place, and creates nothing', async (_, bad) => {
    const before = (await tags.listTags(editor, {})).totalCount;
    await expect(resolve(['never made', bad])).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'tags[1]' });
    expect((await tags.listTags(editor, {})).totalCount).toBe(before);
  });

  it('counts characters, not UTF-16 units', async () => {
    expect((await resolve(['😀'.repeat(100)])).size).toBe(1);
    await expect(resolve(['😀'.repeat(101)])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('creates each tag once when many transactions want the same ones in different orders', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `race ${index}`);
    const orders = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? names : [...names].reverse()));
    const results = await Promise.all(orders.map((order) => resolve(order)));
    const first = results[0] as Map<string, number>;
    expect(new Set(first.values()).size).toBe(20);
    for (const result of results) for (const name of names) expect(result.get(name)).toBe(first.get(name));
    expect((await tags.listTags(editor, { prefix: 'race ' })).totalCount).toBe(20);
  });

  it('uses up no ids for tags that exist', async () => {
    const first = (await resolve(['frugal'])).get('frugal') as number;
    for (let round = 0; round < 5; round += 1) await resolve(['frugal']);
    expect((await resolve(['frugal next'])).get('frugal next')).toBe(first + 1);
  });

  it('keeps organisations apart', async () => {
    const ours = await resolve(['shared word']);
    const theirs = await within((tx) => tags.resolveNames(tx, ['shared word']), otherId);
    expect(theirs.get('shared word')).not.toBe(ours.get('shared word'));
    expect(await within((tx) => tags.loadNames(tx, [...ours.values()]), otherId)).toEqual(new Map());
  });
});

describe('findIds', () => {
  it('creates nothing and reports what is unknown', async () => {
    const [id] = [...(await resolve(['known'])).values()];
    const found = await within((tx) => tags.findIds(tx, ['KNOWN', 'nobody made this']));
    expect(found).toEqual({ ids: new Map([['KNOWN', id]]), unknown: ['nobody made this'] });
    expect((await tags.listTags(editor, { prefix: 'nobody' })).totalCount).toBe(0);
  });
});

describe('adding and removing', () => {
  it('adds sorted, distinct tags to asset and search row, and tells the listener about assets that changed', async () => {
    const ids = await resolve(['one', 'two', 'three']);
    const all = [...ids.values()].sort((a, b) => a - b);
    const two = ids.get('two') as number;
    const [bare, full] = await Promise.all([newAsset([two]), newAsset(all)]);
    const change = await tags.addToAssets(editor, { assets: global([full, bare, bare]), tags: ['Three', 'one', 'THREE'] });
    expect(change).toEqual({ assetIds: global([bare]), assetCount: 1 });
    expect(await tagsOf(bare)).toEqual({ asset: all, search: [all] });
    expect(told).toEqual([[bare]]);
  });

  it('removes from both, and leaves assets alone that have none of the tags', async () => {
    const ids = await resolve(['red', 'green']);
    const [red, green] = [ids.get('red') as number, ids.get('green') as number];
    const [both, other] = await Promise.all([newAsset([red, green]), newAsset([green])]);
    const change = await tags.removeFromAssets(editor, { assets: global([both, other]), tags: ['red'] });
    expect(change).toEqual({ assetIds: global([both]), assetCount: 1 });
    expect(await tagsOf(both)).toEqual({ asset: [green], search: [[green]] });
    expect(await tagsOf(other)).toEqual({ asset: [green], search: [[green]] });
    expect(told).toEqual([[both]]);
  });

  it('does nothing and tells nobody when nothing changes', async () => {
    const ids = await resolve(['idle']);
    const asset = await newAsset([...ids.values()]);
    expect(await tags.addToAssets(editor, { assets: global([asset]), tags: ['idle'] })).toEqual({ assetIds: [], assetCount: 0 });
    expect(told).toEqual([]);
  });

  it('loses no tag when calls about the same assets run at once in different orders', async () => {
    const assets = await Promise.all([newAsset(), newAsset(), newAsset()]);
    const names = Array.from({ length: 8 }, (_, index) => `crowd ${index}`);
    await Promise.all(
      names.map((name, index) => tags.addToAssets(editor, { assets: global(index % 2 ? assets : [...assets].reverse()), tags: [name] })),
    );
    const expected = [...(await resolve(names)).values()].sort((a, b) => a - b);
    for (const asset of assets) expect(await tagsOf(asset)).toEqual({ asset: expected, search: [expected] });
  });

  it('rolls everything back when the listener fails', async () => {
    const failing = new TagService(test.database, { afterChange: () => Promise.reject(new Error('no judgement')) });
    const asset = await newAsset();
    await expect(failing.addToAssets(editor, { assets: global([asset]), tags: ['undone'] })).rejects.toThrow('no judgement');
    expect(await tagsOf(asset)).toEqual({ asset: [], search: [[]] });
    expect((await tags.listTags(editor, { prefix: 'undone' })).totalCount).toBe(0);
  });

  it('names the asset that does not exist, also one of another organisation, and changes nothing', async () => {
    const asset = await newAsset();
    const theirs = await insertAsset(test.database, otherId);
    await expect(tags.addToAssets(editor, { assets: global([asset, theirs.id]), tags: ['leak'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.assets[1]',
    });
    expect(await tagsOf(asset)).toEqual({ asset: [], search: [[]] });
  });

  it.each([
    ['an id of another type', { assets: [toGlobalId('Tag', 1)], tags: ['a'] }, 'input.assets[0]'],
    ['no asset', { assets: [], tags: ['a'] }, 'input.assets'],
    ['101 assets', { assets: Array.from({ length: 101 }, () => 'x'), tags: ['a'] }, 'input.assets'],
    ['no tag', { assets: [toGlobalId('Asset', '00000000-0000-4000-8000-000000000000')], tags: [] }, 'input.tags'],
    [
      '51 tags',
      { assets: [toGlobalId('Asset', '00000000-0000-4000-8000-000000000000')], tags: Array.from({ length: 51 }, (_, i) => `t${i}`) },
      'input.tags',
    ],
  ])('refuses %s', async (_, input, field) => {
    await expect(tags.addToAssets(editor, input)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
    await expect(tags.removeFromAssets(editor, input)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  it('refuses to remove a tag that does not exist', async () => {
    const asset = await newAsset();
    await resolve(['exists']);
    await expect(tags.removeFromAssets(editor, { assets: global([asset]), tags: ['exists', 'nowhere'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.tags[1]',
    });
  });

  it('refuses a viewer', async () => {
    const viewer = viewerAs(organizationId, 'VIEWER');
    await expect(tags.addToAssets(viewer, { assets: [], tags: [] })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(tags.removeFromAssets(viewer, { assets: [], tags: [] })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('listTags', () => {
  it('pages by name with the number of assets of each', async () => {
    const names = ['page a', 'page b', 'page c', 'page d', 'page e'];
    const ids = await resolve(names);
    await newAsset([ids.get('page b') as number, ids.get('page d') as number]);
    await newAsset([ids.get('page d') as number]);
    const seen: [string, number][] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 3; pages += 1) {
      const page = await tags.listTags(viewerAs(organizationId, 'VIEWER'), { prefix: 'Page ', first: 2, after });
      expect(page.totalCount).toBe(5);
      expect(page.pageInfo.hasNextPage).toBe(pages < 2);
      seen.push(...page.edges.map((edge): [string, number] => [edge.node.name, edge.node.assetCount]));
      after = page.pageInfo.endCursor;
    }
    expect(seen).toEqual(names.map((name): [string, number] => [name, name === 'page d' ? 2 : name === 'page b' ? 1 : 0]));
  });

  it('takes the prefix as text, not as a pattern', async () => {
    await resolve(['50% off', '500 off']);
    expect((await tags.listTags(editor, { prefix: '50%' })).edges.map((edge) => edge.node.name)).toEqual(['50% off']);
  });

  it('refuses a cursor of another prefix, and a forged one', async () => {
    await resolve(['fa', 'fb']);
    const page = await tags.listTags(editor, { prefix: 'f', first: 1 });
    await expect(tags.listTags(editor, { prefix: 'fa', after: page.pageInfo.endCursor })).rejects.toMatchObject({
      code: 'CURSOR_MISMATCH',
    });
    const [binding] = JSON.parse(Buffer.from(page.pageInfo.endCursor as string, 'base64url').toString());
    for (const keys of [[1], [null], ['a\u0000'], ['a', 'b'], [{}]]) {
      const forged = Buffer.from(JSON.stringify([binding, ...keys])).toString('base64url');
      await expect(tags.listTags(editor, { prefix: 'f', after: forged })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
    }
  });

  it('shows another organisation nothing of ours', async () => {
    await resolve(['private word']);
    expect((await tags.listTags(viewerAs(otherId, 'ADMIN'), { prefix: 'private' })).totalCount).toBe(0);
  });
});

// Only a native server runs two transactions at once.
(nativeUrl ? it : it.skip)('waits for another transaction that creates the same tag', async () => {
  let open = () => {};
  const opened = new Promise<void>((resolved) => {
    open = resolved;
  });
  const second = opened.then(() => resolve(['same moment']));
  const first = await within(async (tx) => {
    const ids = await tags.resolveNames(tx, ['same moment']);
    open();
    await new Promise((done) => setTimeout(done, 200));
    return ids;
  });
  expect(await second).toEqual(first);
});
