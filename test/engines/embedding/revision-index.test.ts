import { registerModel, saveEmbeddings } from '../../../src/engines/embedding/embedding.queries.js';
import {
  activateModel,
  addOrganizationModel,
  removeOrganizationModel,
  setBuilt,
} from '../../../src/engines/embedding/organization-model.queries.js';
import { createRandom } from '../../../src/program/samples/random.js';
import { DIMENSIONS, openSearch } from '../../support/search-room.js';
import { nativeUrl, openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const random = createRandom(8);
const direction = () => Float32Array.from({ length: DIMENSIONS }, () => random.next() - 0.5);

it('a revision has its index before it is in use, so that the switch to it is one step', async () => {
  const room = await openSearch(test.database, 'two-revisions', { indexFrom: 100 });
  const { embedding, organizationId, inside, model: first } = room;
  const info = { ...embedding.defaultModel.info, revision: 'hand-made-8-again' };
  const second = await registerModel(test.database, info);
  for (let index = 0; index < 120; index += 1) await room.add({ title: `asset ${index}` }, [...direction()]);
  await inside(async (tx) => {
    await activateModel(tx, first.id, false);
    await addOrganizationModel(tx, second.id, { timeShare: 1, picturesPerMinute: null, activateWhenReady: false, pinned: true });
    const versions = await tx.rows.assetVersion.findMany({ select: { id: true } });
    await saveEmbeddings(
      tx,
      second.id,
      versions.map(({ id }) => ({ versionId: id, part: 'whole', vector: direction() })),
    );
  });
  const indexOf = (revision = second) => inside((tx) => embedding.findVectorIndex(tx, revision));
  if (!nativeUrl) {
    expect(await embedding.maintainVectorIndex(organizationId)).toBe('NOTHING');
    expect(await indexOf()).toContain('embedded');
    return;
  }
  // While vectors are still added, an index would only slow them down.
  expect(await embedding.maintainVectorIndex(organizationId)).toBe('BUILT');
  expect(await indexOf(first)).toMatchObject({ state: 'READY' });
  expect(await indexOf()).toEqual(expect.any(String));

  // What the build does last, before it says READY.
  expect(await embedding.maintainVectorIndex(organizationId, second)).toBe('BUILT');
  expect(await indexOf()).toMatchObject({ state: 'READY' });
  await inside((tx) => setBuilt(tx, second.id, true));
  expect(await embedding.maintainVectorIndex(organizationId)).toBe('NOTHING');

  // One that was READY before there were indexes, or lost its own, is looked after like the one in use.
  const { rows } =
    await test.database.asOwner(`SELECT indexrelid::regclass AS name FROM pg_index WHERE indrelid = 'asset_embedding_${second.id}'::regclass
    AND pg_get_indexdef(indexrelid) LIKE '%hnsw%'`);
  expect(rows).toHaveLength(1);
  await test.database.asOwner(`DROP INDEX ${rows[0]!.name}`);
  expect(await embedding.maintainVectorIndex(organizationId)).toBe('BUILT');

  await inside((tx) => activateModel(tx, second.id, true));
  expect(await inside((tx) => embedding.findVectorIndex(tx))).toMatchObject({ state: 'READY', vectors: 120 });
  expect(await embedding.maintainVectorIndex(organizationId)).toBe('NOTHING');

  // Deleted as modelRevisionDelete does it, a revision leaves no index.
  expect(await inside((tx) => removeOrganizationModel(tx, first.id))).toBe(true);
  expect(await embedding.maintainVectorIndex(organizationId, first)).toBe('DROPPED');
  expect(await indexOf(first)).toEqual(expect.any(String));
});
