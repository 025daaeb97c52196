import 'reflect-metadata';
import { type ExecutionResult, type GraphQLSchema, graphql } from 'graphql';
import { buildSchema } from 'type-graphql';
import type { Role } from '../../../src/viewer.js';
import { CollectionResolver } from '../../../src/library/collections/collection.resolver.js';
import { CollectionService } from '../../../src/library/collections/collection.service.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { TagResolver } from '../../../src/library/tags/tag.resolver.js';
import { TagService } from '../../../src/library/tags/tag.service.js';
import { insertAsset, insertOrganization, viewerAs } from '../../support/asset-rows.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let schema: GraphQLSchema;
let organizationId: string;
let asset: string;

beforeAll(async () => {
  test = await openTestDatabase();
  organizationId = await insertOrganization(test.database, 'ours');
  asset = toGlobalId('Asset', (await insertAsset(test.database, organizationId)).id);
  const parts = [
    new TagResolver(new TagService(test.database, { afterChange: async () => undefined })),
    new CollectionResolver(new CollectionService(test.database)),
  ];
  schema = await buildSchema({
    resolvers: [TagResolver, CollectionResolver],
    container: { get: (type) => parts.find((part) => part instanceof type) },
  });
});
afterAll(() => test.close());

function run(source: string, variables: Record<string, unknown> = {}, role: Role | null = 'EDITOR'): Promise<ExecutionResult> {
  const viewer = role && viewerAs(organizationId, role);
  return graphql({ schema, source, variableValues: variables, contextValue: { viewer, requestId: 'test', loaders: new Map() } });
}

const ADD =
  'mutation ($input: AssetTagsAddInput!) { assetTagsAdd(input: $input) { assetIds assetCount userErrors { code field message } } }';

it('tags assets and lists the tags, over GraphQL', async () => {
  expect((await run(ADD, { input: { assets: [asset], tags: ['Hero Shot'] } })).data?.assetTagsAdd).toEqual({
    assetIds: [asset],
    assetCount: 1,
    userErrors: [],
  });
  const listed = await run('{ tags(prefix: "hero") { totalCount edges { node { name assetCount } } } }', {}, 'VIEWER');
  expect(listed).toEqual({ data: { tags: { totalCount: 1, edges: [{ node: { name: 'hero shot', assetCount: 1 } }] } } });
  const removed = await run(
    'mutation ($input: AssetTagsRemoveInput!) { assetTagsRemove(input: $input) { assetCount userErrors { code field } } }',
    { input: { assets: [asset], tags: ['hero shot', 'nope'] } },
  );
  expect(removed.data?.assetTagsRemove).toEqual({ assetCount: null, userErrors: [{ code: 'NOT_FOUND', field: 'input.tags[1]' }] });
});

it('answers what the caller can mend as userErrors, and everything else as an error', async () => {
  const mendable = await run(ADD, {
    input: { assets: [asset, asset, toGlobalId('Asset', '00000000-0000-4000-8000-000000000000')], tags: ['x'] },
  });
  expect(mendable.data?.assetTagsAdd).toMatchObject({
    assetIds: null,
    assetCount: null,
    userErrors: [{ code: 'NOT_FOUND', field: 'input.assets[2]' }],
  });
  expect((await run(ADD, { input: { assets: [asset], tags: ['x'] } }, 'VIEWER')).errors?.[0]?.originalError).toMatchObject({
    code: 'FORBIDDEN',
  });
  expect((await run('{ tags { totalCount } }', {}, null)).errors?.[0]?.originalError).toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('leads a collection through its life, over GraphQL', async () => {
  const created = await run(
    'mutation { collectionCreate(input: { name: "Spring" }) { collection { id name description createdAt } userErrors { code } } }',
  );
  const { collection } = created.data!.collectionCreate as { collection: { id: string } };
  expect(collection).toMatchObject({ name: 'Spring', description: '' });
  const input = { collection: collection.id, assets: [asset] };
  const added = await run(
    'mutation ($input: CollectionAssetsAddInput!) { collectionAssetsAdd(input: $input) { addedCount collection { assetCount } userErrors { code } } }',
    { input },
  );
  expect(added.data?.collectionAssetsAdd).toEqual({ addedCount: 1, collection: { assetCount: 1 }, userErrors: [] });
  expect((await run('{ collections(first: 5) { totalCount edges { node { name assetCount } } } }')).data?.collections).toEqual({
    totalCount: 1,
    edges: [{ node: { name: 'Spring', assetCount: 1 } }],
  });
  const removed = await run(
    'mutation ($input: CollectionAssetsRemoveInput!) { collectionAssetsRemove(input: $input) { removedCount userErrors { code } } }',
    { input },
  );
  expect(removed.data?.collectionAssetsRemove).toEqual({ removedCount: 1, userErrors: [] });
  const renamed = await run(
    'mutation ($id: ID!) { collectionUpdate(input: { id: $id, name: "Autumn" }) { collection { name } userErrors { code } } }',
    collection,
  );
  expect(renamed.data?.collectionUpdate).toEqual({ collection: { name: 'Autumn' }, userErrors: [] });
  const twice = 'mutation ($id: ID!) { collectionDelete(input: { id: $id }) { deletedId userErrors { code field } } }';
  expect((await run(twice, collection)).data?.collectionDelete).toEqual({ deletedId: collection.id, userErrors: [] });
  expect((await run(twice, collection)).data?.collectionDelete).toEqual({
    deletedId: null,
    userErrors: [{ code: 'NOT_FOUND', field: 'input.id' }],
  });
  expect((await run('query ($id: ID!) { collection(id: $id) { name } }', collection)).data).toEqual({ collection: null });
});
