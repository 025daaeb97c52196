import 'reflect-metadata';
import type { Viewer } from '../../../src/viewer.js';
import { CollectionService } from '../../../src/library/collections/collection.service.js';
import { sql } from '../../../src/platform/database/sql.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { insertAsset, insertOrganization, viewerAs } from '../../support/asset-rows.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let organizationId: string;
let otherId: string;
let editor: Viewer;
let collections: CollectionService;
const NOWHERE = '00000000-0000-4000-8000-000000000000';

beforeAll(async () => {
  test = await openTestDatabase();
  organizationId = await insertOrganization(test.database, 'ours');
  otherId = await insertOrganization(test.database, 'theirs');
  editor = viewerAs(organizationId, 'EDITOR');
  collections = new CollectionService(test.database);
});
afterAll(() => test.close());

const create = async (name: string, description = '') => (await collections.createCollection(editor, { name, description })).collection;
const newAssets = async (count: number) => {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push((await insertAsset(test.database, organizationId)).id);
  return ids;
};
const global = (ids: string[]) => ids.map((id) => toGlobalId('Asset', id));

describe('one collection', () => {
  it('is made, found, changed and deleted', async () => {
    const made = await create('  Summer   2027 ', 'Beach pictures');
    expect(made).toMatchObject({ name: 'Summer 2027', description: 'Beach pictures', assetCount: 0 });
    expect(made.createdAt).toBeInstanceOf(Date);
    expect(await collections.findCollection(viewerAs(organizationId, 'VIEWER'), made.id)).toEqual(made);
    const changed = (await collections.updateCollection(editor, { id: made.id, name: 'Summer 2028' })).collection;
    expect(changed).toMatchObject({ id: made.id, name: 'Summer 2028', description: 'Beach pictures' });
    expect((await collections.updateCollection(editor, { id: made.id, name: null, description: '' })).collection).toMatchObject({
      name: 'Summer 2028',
      description: '',
    });
    expect(await collections.deleteCollection(editor, { id: made.id })).toEqual({ deletedId: made.id });
    expect(await collections.findCollection(editor, made.id)).toBeNull();
    await expect(collections.deleteCollection(editor, { id: made.id })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'input.id' });
  });

  it('has a name of its own in its organisation', async () => {
    await create('Logos');
    const other = await create('Banners');
    await expect(create(' Logos')).rejects.toMatchObject({ code: 'CONFLICT', field: 'input.name' });
    await expect(collections.updateCollection(editor, { id: other.id, name: 'Logos' })).rejects.toMatchObject({
      code: 'CONFLICT',
      field: 'input.name',
    });
    expect((await collections.updateCollection(editor, { id: other.id, name: 'Banners' })).collection.name).toBe('Banners');
    const theirs = await collections.createCollection(viewerAs(otherId, 'EDITOR'), { name: 'Logos', description: '' });
    expect(theirs.collection.name).toBe('Logos');
  });

  it.each([
    ['an empty name', { name: ' ', description: '' }, 'input.name'],
    ['a long name', { name: 'n'.repeat(201), description: '' }, 'input.name'],
    ['a control character', { name: 'a\u0007b', description: '' }, 'input.name'],
    ['a long description', { name: 'ok', description: 'd'.repeat(10_001) }, 'input.description'],
    ['a description that is no text', { name: 'ok', description: 'a\u0000' }, 'input.description'],
    ['half a character', { name: 'ok', description: '\udc00' }, 'input.description'],
  ])('refuses %s', async (_, input, field) => {
    await expect(collections.createCollection(editor, input)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  it('is hidden from other organisations', async () => {
    const { id } = await create('Secret');
    const stranger = viewerAs(otherId, 'ADMIN');
    const [asset] = await newAssets(1);
    expect(await collections.findCollection(stranger, id)).toBeNull();
    await expect(collections.updateCollection(stranger, { id, name: 'Taken' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(collections.deleteCollection(stranger, { id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(collections.addAssetsByIds(stranger, { collection: id, assets: global([asset as string]) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.collection',
    });
    expect((await collections.findCollection(editor, id))?.name).toBe('Secret');
  });

  it('is changed by editors only', async () => {
    const { id } = await create('Guarded');
    const viewer = viewerAs(organizationId, 'VIEWER');
    const calls = [
      () => collections.createCollection(viewer, { name: 'x', description: '' }),
      () => collections.updateCollection(viewer, { id, name: 'x' }),
      () => collections.deleteCollection(viewer, { id }),
      () => collections.addAssetsByIds(viewer, { collection: id, assets: [] }),
      () => collections.removeAssetsByIds(viewer, { collection: id, assets: [] }),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('assets of a collection', () => {
  it('are added once, counted and removed', async () => {
    const { id } = await create('Members');
    const assets = await newAssets(3);
    const [a, b, c] = assets as [string, string, string];
    expect(await collections.addAssetsByIds(editor, { collection: id, assets: global([b, a, b]) })).toMatchObject({
      addedCount: 2,
      collection: { assetCount: 2 },
    });
    expect(await collections.addAssetsByIds(editor, { collection: id, assets: global([a, c]) })).toMatchObject({
      addedCount: 1,
      collection: { assetCount: 3 },
    });
    expect(await collections.removeAssetsByIds(editor, { collection: id, assets: global([a, c]) })).toMatchObject({
      removedCount: 2,
      collection: { assetCount: 1 },
    });
    expect(await collections.removeAssetsByIds(editor, { collection: id, assets: global([a]) })).toMatchObject({ removedCount: 0 });
  });

  it('outlive the collection', async () => {
    const { id } = await create('Short-lived');
    const assets = await newAssets(2);
    await collections.addAssetsByIds(editor, { collection: id, assets: global(assets) });
    await collections.deleteCollection(editor, { id });
    const left = await test.database.asOrganization(organizationId, (tx) =>
      tx.query(sql`SELECT 1 FROM asset WHERE id = ANY(${assets}::uuid[])`),
    );
    expect(left).toHaveLength(2);
  });

  it('must exist, all of them, in this organisation', async () => {
    const { id } = await create('Strict');
    const [asset] = (await newAssets(1)) as [string];
    const theirs = (await insertAsset(test.database, otherId)).id;
    for (const stranger of [theirs, NOWHERE]) {
      await expect(collections.addAssetsByIds(editor, { collection: id, assets: global([asset, stranger]) })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        field: 'input.assets[1]',
      });
    }
    await expect(
      collections.removeAssetsByIds(editor, { collection: id, assets: [toGlobalId('Collection', NOWHERE)] }),
    ).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.assets[0]',
    });
    expect((await collections.findCollection(editor, id))?.assetCount).toBe(0);
  });

  it('are put in by several calls at once in different orders', async () => {
    const { id } = await create('Crowded');
    const assets = await newAssets(6);
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        collections.addAssetsByIds(editor, { collection: id, assets: global(index % 2 ? assets : [...assets].reverse()) }),
      ),
    );
    expect(results.reduce((sum, result) => sum + result.addedCount, 0)).toBe(6);
  });
});

describe('the list', () => {
  it('pages by name with the number of assets of each, and refuses forged cursors', async () => {
    const viewer = viewerAs(otherId, 'EDITOR');
    for (const name of ['gamma', 'alpha', 'beta']) await collections.createCollection(viewer, { name, description: '' });
    const asset = toGlobalId('Asset', (await insertAsset(test.database, otherId)).id);
    const first = await collections.listCollections(viewer, { first: 3 });
    const beta = first.edges.find((edge) => edge.node.name === 'beta')?.node.id as string;
    await collections.addAssetsByIds(viewer, { collection: beta, assets: [asset] });
    const names: string[] = [];
    let after: string | null = null;
    do {
      const page = await collections.listCollections(viewer, { first: 1, after });
      names.push(...page.edges.map((edge) => `${edge.node.name} ${edge.node.assetCount}`));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(names.filter((name) => !name.startsWith('Logos'))).toEqual(['alpha 0', 'beta 1', 'gamma 0']);
    expect(first.totalCount).toBe(names.length);
    const [binding] = JSON.parse(Buffer.from(first.pageInfo.endCursor as string, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify([binding, { a: 1 }])).toString('base64url');
    await expect(collections.listCollections(viewer, { after: forged })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
  });
});

describe('resolveNames', () => {
  it('creates missing collections once and finds the others, under the names as they were given', async () => {
    const known = await create('Known');
    const resolve = (names: string[]) => test.database.asOrganization(organizationId, (tx) => collections.resolveNames(tx, names));
    const [first, second] = await Promise.all([resolve(['Known', ' Fresh ', 'Fresh']), resolve(['Fresh', 'Known'])]);
    expect(toGlobalId('Collection', first.get('Known') as string)).toBe(known.id);
    expect(first.get(' Fresh ')).toBe(first.get('Fresh'));
    expect(second.get('Fresh')).toBe(first.get('Fresh'));
    await expect(resolve(['Known', ''])).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'collections[1]' });
  });

  it('adds assets in the same transaction', async () => {
    const [asset] = (await newAssets(1)) as [string];
    const added = await test.database.asOrganization(organizationId, async (tx) => {
      const id = (await collections.resolveNames(tx, ['Imported'])).get('Imported') as string;
      return [
        await collections.addAssets(tx, id, [asset]),
        await collections.addAssets(tx, id, [asset]),
        await collections.addAssets(tx, id, []),
      ];
    });
    expect(added).toEqual([[asset], [], []]);
  });
});
