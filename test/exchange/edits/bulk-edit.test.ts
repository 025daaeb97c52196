import { AssetEdit } from '../../../src/library/assets/asset-edit.js';
import { BulkEditJob } from '../../../src/exchange/edits/bulk-edit.job.js';
import { sql } from '../../../src/platform/database/sql.js';
import { aTurn } from '../../support/job-turn.js';
import { insertAsset } from '../../support/asset-rows.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { recordingLog } from '../../support/recording-log.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let test: TestApp;
let main: TestOrganization;
let key: string;

beforeAll(async () => {
  test = await openTestApp({ organizations: ['main', 'other'] });
  main = test.organizations.main as TestOrganization;
  key = main.keys.EDITOR;
});
afterAll(() => test?.close());

const EDIT =
  'id state progress createdByName finishedAt counts { total pending changed unchanged rejected gone failed cancelled } undo { state restored kept gone }';
const keyOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] as string;

interface Edit {
  id: string;
  state: string;
  createdByName: string;
  counts: Record<string, number>;
  undo: Record<string, unknown> | null;
}

async function mutate(name: 'Create' | 'Cancel' | 'Undo', input: object, as = key): Promise<{ edit: Edit | null; userErrors: object[] }> {
  const data = await test.ask(
    `mutation ($input: AssetBulkEdit${name}Input!) { assetBulkEdit${name}(input: $input) { edit { ${EDIT} } userErrors { code field message } } }`,
    { input },
    as,
  );
  return data[`assetBulkEdit${name}`];
}

async function until<T>(look: () => Promise<T | null | false>): Promise<T> {
  for (const began = Date.now(); Date.now() - began < 60_000; await new Promise((resolve) => setTimeout(resolve, 30))) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`waited for a minute: ${JSON.stringify(test.logLines.slice(-3))}`);
}

const editOf = async (id: string): Promise<Edit> =>
  (await test.ask(`query ($id: ID!) { assetBulkEdit(id: $id) { ${EDIT} } }`, { id }, key)).assetBulkEdit;
const ended = (id: string) =>
  until(async () => {
    const edit = await editOf(id);
    return edit.state !== 'RUNNING' && edit;
  });
const undone = (id: string) =>
  until(async () => {
    const { undo } = await editOf(id);
    return undo?.state === 'COMPLETED' && undo;
  });

async function run(input: object): Promise<Edit> {
  const { edit, userErrors } = await mutate('Create', input);
  expect(userErrors).toEqual([]);
  return ended((edit as Edit).id);
}

const preview = async (input: object) =>
  (
    await test.ask(
      `query ($input: AssetBulkEditPreviewInput!) { assetBulkEditPreview(input: $input) { total examined changed unchanged rejected judged
        reasons { code message count } examples { assetId title changes { field before after } } rules { rule severity newlyObjected resolved } } }`,
      { input },
      key,
    )
  ).assetBulkEditPreview;

let seed = 9000;
/** Pictures that came in by an import: with vectors, so that rows for search exist. */
async function importPictures(rows: readonly object[]): Promise<string[]> {
  const files = await Promise.all(
    rows.map(async (_, n) => {
      seed += 1;
      return { fileName: `edit-${n}.png`, content: await structuredPicture(seed) };
    }),
  );
  const uploads = await stageFiles(test, key, files);
  const end = await runImport(test, key, { source: { uploads: uploads.map((upload, n) => ({ upload, fields: rows[n] })) } });
  return end.items.map(({ assetId }) => assetId as string);
}

const assetOf = async (id: string) =>
  (
    await test.ask(
      `query ($id: ID!) { asset(id: $id) { title description tags metadata brand { key } rights { holder expiresOn } collections { name }
        findings { verdict } } }`,
      { id },
      key,
    )
  ).asset;

const query = <Row>(statement: ReturnType<typeof sql>): Promise<Row[]> =>
  test.app.database.asOrganization(main.id, (tx) => tx.query<Row>(statement));

async function makeBrand(name: string): Promise<void> {
  const { brandCreate } = await test.ask(
    'mutation ($name: String!) { brandCreate(input: { key: $name, name: $name }) { brand { id } } }',
    { name },
    main.keys.ADMIN,
  );
  const { guidelineCreate } = await test.ask(
    'mutation ($brand: ID!) { guidelineCreate(input: { brand: $brand, name: "G" }) { guideline { id } } }',
    { brand: brandCreate.brand.id },
    main.keys.ADMIN,
  );
  const { ruleCreate } = await test.ask(
    `mutation ($guideline: ID!) { ruleCreate(input: { guideline: $guideline, key: "wide", title: "Wide", kind: MIN_RESOLUTION, severity: MAJOR,
      parameters: { minWidthPx: 2000, minHeightPx: 20 } }) { rule { id } } }`,
    { guideline: guidelineCreate.guideline.id },
    main.keys.ADMIN,
  );
  await test.ask('mutation ($id: ID!) { rulePublish(input: { id: $id }) { rule { state } } }', { id: ruleCreate.rule.id }, main.keys.ADMIN);
}

describe('a preview', () => {
  it('says what would change, what cannot, and what rules would say, and changes nothing', async () => {
    await makeBrand('previewed');
    const many = Array.from({ length: 49 }, (_, n) => `many/${n}`);
    const [first, , last] = await importPictures([
      { title: 'One', tags: ['look', 'old'], metadata: { shelf: 'A1' } },
      { title: 'Two', tags: ['look', 'new', 'newer'], brand: 'previewed', metadata: { shelf: 'B2' } },
      { title: 'Three', tags: ['look', ...many] },
    ]);
    const filter = { tags: { any: ['look'] } };
    const found = await preview({
      filter,
      examples: 1,
      change: { tags: { add: ['new', 'newer'] }, brand: 'previewed', metadata: { shelf: 'B2' }, collections: { add: ['Made by preview'] } },
    });
    expect(found).toMatchObject({ total: 3, examined: 3, changed: 2, unchanged: 0, rejected: 1, judged: 2 });
    expect(found.reasons).toEqual([{ code: 'TOO_MANY_TAGS', message: expect.stringContaining('52 tags; allowed: 50'), count: 1 }]);
    expect(found.rules).toEqual([{ rule: 'wide', severity: 'MAJOR', newlyObjected: 1, resolved: 0 }]);
    const whole = await preview({
      assets: [first],
      change: { tags: { add: ['new'], remove: ['old'] }, brand: 'previewed', title: '{title} ({fileName})' },
    });
    expect(whole.examples).toEqual([
      {
        assetId: first,
        title: 'One',
        changes: [
          { field: 'title', before: 'One', after: 'One (edit-0)' },
          { field: 'brand', before: null, after: 'previewed' },
          { field: 'tags', before: 'look; old', after: 'look; new' },
        ],
      },
    ]);
    expect(await assetOf(first as string)).toMatchObject({ title: 'One', tags: ['look', 'old'], brand: null, findings: [] });
    expect(await query(sql`SELECT 1 FROM collection WHERE name = 'Made by preview'`)).toEqual([]);
    expect(await query(sql`SELECT 1 FROM bulk_edit`)).toEqual([]);

    // The edit then does what was said.
    const edit = await run({ filter, change: { tags: { add: ['new', 'newer'] }, brand: 'previewed', metadata: { shelf: 'B2' } } });
    expect(edit.counts).toMatchObject({ total: 3, changed: 1, unchanged: 1, rejected: 1, pending: 0 });
    expect(await assetOf(first as string)).toMatchObject({ tags: ['look', 'new', 'newer', 'old'], findings: [{ verdict: 'FAIL' }] });
    expect((await assetOf(last as string)).brand).toBeNull();
    const { assetBulkEdit } = await test.ask(
      'query ($id: ID!) { assetBulkEdit(id: $id) { items(states: [REJECTED], first: 5) { totalCount edges { node { assetId code field message } } } } }',
      { id: edit.id },
      key,
    );
    expect(assetBulkEdit.items).toMatchObject({
      totalCount: 1,
      edges: [{ node: { assetId: last, code: 'TOO_MANY_TAGS', field: 'tags' } }],
    });
  });
});

describe('a bulk edit', () => {
  it('changes every asset that was selected when it was asked for, once, with rows for search, history and memberships', async () => {
    await makeBrand('edited');
    const ids = await importPictures(
      Array.from({ length: 5 }, (_, n) => ({ title: `E${n}`, tags: ['batch', 'away'], collection: 'Before' })),
    );
    const request = {
      filter: { tags: { any: ['batch'] } },
      idempotencyKey: 'edit once',
      change: {
        title: '{title}!',
        description: 'All of them',
        brand: 'edited',
        tags: { add: ['Added'], remove: ['away', 'batch'] },
        collections: { add: ['After'], remove: ['Before'] },
        rights: { holder: 'Us', expiresOn: '2031-01-31' },
        metadata: { campaign: 'spring' },
      },
    };
    const { edit: begun } = await mutate('Create', request);
    // One that comes after it is none of it.
    const [late] = await importPictures([{ title: 'Late', tags: ['batch'] }]);
    const edit = await ended((begun as Edit).id);
    expect(edit).toMatchObject({
      state: 'COMPLETED',
      progress: 1,
      createdByName: 'main EDITOR',
      counts: { total: 5, changed: 5, pending: 0 },
    });
    for (const [n, id] of ids.entries()) {
      expect(await assetOf(id)).toEqual({
        ...{ title: `E${n}!`, description: 'All of them', tags: ['added'], brand: { key: 'edited' }, metadata: { campaign: 'spring' } },
        ...{ rights: { holder: 'Us', expiresOn: '2031-01-31' }, collections: [{ name: 'After' }], findings: [{ verdict: 'FAIL' }] },
      });
    }
    expect(await assetOf(late as string)).toMatchObject({ title: 'Late', tags: ['batch'] });
    const { assets } = await test.ask(
      '{ assets(query: "a picture", search: null, showAll: true, filter: { tags: { any: ["added"] } }) { totalCount } }',
      {},
      key,
    );
    expect(assets.totalCount).toBe(5);
    expect((await mutate('Create', request)).edit?.id).toBe(edit.id);
    expect((await mutate('Create', { ...request, filter: {} })).userErrors).toMatchObject([
      { code: 'CONFLICT', field: 'input.idempotencyKey' },
    ]);
    const actors = await query<{ actor_name: string; n: number }>(sql`
      SELECT c.actor_name, count(DISTINCT h.key) AS n FROM record_history h JOIN history_change c ON c.id = h.change_id
      WHERE h.record = 'asset' AND h.state ->> 'title' LIKE 'E_!' GROUP BY 1`);
    expect(actors).toEqual([{ actor_name: 'main EDITOR', n: 5 }]);
    const { node, assetBulkEdits } = await test.ask(
      'query ($id: ID!) { node(id: $id) { ... on BulkEdit { state } } assetBulkEdits(first: 1) { edges { node { id } } } }',
      { id: edit.id },
      key,
    );
    expect([node.state, assetBulkEdits.edges[0].node.id]).toEqual(['COMPLETED', edit.id]);
  });

  it('is taken back, but for what somebody has changed or deleted since', async () => {
    const [same, touched, gone, member] = (await importPictures([
      { title: 'Same', tags: ['undo', 'one'], metadata: { a: 'x', n: 5 } },
      { title: 'Touched', tags: ['undo'] },
      { title: 'Gone', tags: ['undo'] },
      { title: 'Member', tags: ['undo', 'kept'], collection: 'Left' },
    ])) as [string, string, string, string];
    const before = await assetOf(same);
    const edit = await run({
      assets: [same, touched, gone],
      change: { tags: { set: ['kept'] }, title: '{title} and more', metadata: { a: null }, collections: { add: ['Joined'] } },
    });
    expect(edit.counts).toMatchObject({ total: 3, changed: 3 });
    expect(await assetOf(same)).toMatchObject({ title: 'Same and more', tags: ['kept'], metadata: { n: 5 } });
    const moved = await run({ assets: [member, same], change: { collections: { add: ['Joined'], remove: ['Left'] } } });
    expect(moved.counts).toMatchObject({ changed: 1, unchanged: 1 });
    await test.ask(
      'mutation ($id: ID!) { assetUpdate(input: { id: $id, fields: { title: "Mine" } }) { asset { id } } }',
      { id: touched },
      key,
    );
    await test.ask('mutation ($id: ID!) { assetsDelete(input: { assets: [$id] }) { deletedIds } }', { id: gone }, key);

    expect((await mutate('Undo', { id: edit.id })).userErrors).toEqual([]);
    expect(await undone(edit.id)).toEqual({ state: 'COMPLETED', restored: 1, kept: 1, gone: 1 });
    expect(await assetOf(same)).toEqual(before);
    expect(await assetOf(touched)).toMatchObject({ title: 'Mine', tags: ['kept'], collections: [{ name: 'Joined' }] });
    expect((await mutate('Undo', { id: edit.id })).userErrors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringMatching(/undone already/) },
    ]);
    expect((await assetOf(member)).collections).toEqual([{ name: 'Joined' }]);
    await mutate('Undo', { id: moved.id });
    expect(await undone(moved.id)).toEqual({ state: 'COMPLETED', restored: 1, kept: 0, gone: 0 });
    expect((await assetOf(member)).collections).toEqual([{ name: 'Left' }]);
  });

  it('gives assets grants and takes them back; their days are then none of the asset', async () => {
    const [plain, granted] = (await importPictures([
      { title: 'Plain', rights: { holder: 'Us', expiresOn: '2029-01-01' } },
      { title: 'Granted', rights: { grants: [{ territories: ['fr'], startsOn: '2026-01-01', expiresOn: '2026-12-31' }] } },
    ])) as [string, string];
    const rightsOf = async (id: string) =>
      (
        await test.ask(
          'query ($id: ID!) { asset(id: $id) { rights { holder startsOn expiresOn grants { territories channels releases startsOn expiresOn } } } }',
          { id },
          key,
        )
      ).asset.rights;
    const before = [await rightsOf(plain), await rightsOf(granted)];
    expect(before[1]).toMatchObject({ startsOn: '2026-01-01', expiresOn: '2026-12-31', grants: [{ territories: ['fr'], channels: null }] });
    const later = await run({ assets: [plain, granted], change: { rights: { expiresOn: '2030-01-01' } } });
    expect(later.counts).toMatchObject({ changed: 1, rejected: 1 });
    expect(await rightsOf(plain)).toMatchObject({ expiresOn: '2030-01-01', grants: [] });
    const { assetUpdate } = await test.ask(
      `mutation ($id: ID!) { assetUpdate(input: { id: $id, fields: { rights: { startsOn: "2027-01-01" } } }) { userErrors { code field message } } }`,
      { id: granted },
      key,
    );
    expect(assetUpdate.userErrors).toEqual([
      {
        ...{ code: 'BAD_USER_INPUT', field: 'input.fields.rights.startsOn' },
        message: expect.stringMatching(/this asset has 1 grant\(s\), each with days of its own/),
      },
    ]);
    const grants = [
      { territories: ['DE'], channels: ['web'], expiresOn: '2031-01-31' },
      { territories: ['at'], expiresOn: '2028-01-31' },
    ];
    const change = { rights: { grants } };
    const looked = await preview({ assets: [plain, granted], examples: 2, change });
    // Examples come in the order of their ids, which is one of chance.
    const example = looked.examples.find(({ assetId }: { assetId: string }) => assetId === granted);
    expect(example.changes).toEqual(
      expect.arrayContaining([
        {
          field: 'rights.grants',
          before: 'fr |  |  | 2026-01-01..2026-12-31',
          after: 'de | web |  | ..2031-01-31; at |  |  | ..2028-01-31',
        },
      ]),
    );
    const edit = await run({ assets: [plain, granted], change });
    expect(edit.counts).toMatchObject({ changed: 2 });
    for (const id of [plain, granted])
      expect(await rightsOf(id)).toMatchObject({
        startsOn: null,
        expiresOn: '2031-01-31',
        grants: [{ territories: ['de'] }, { territories: ['at'] }],
      });
    expect((await run({ assets: [plain, granted], change })).counts).toMatchObject({ unchanged: 2 });
    await mutate('Undo', { id: edit.id });
    expect(await undone(edit.id)).toMatchObject({ restored: 2 });
    expect([await rightsOf(plain), await rightsOf(granted)]).toEqual([{ ...before[0], expiresOn: '2030-01-01' }, before[1]]);
    await run({ assets: [granted], change: { rights: { grants: null, expiresOn: '2027-01-01' } } });
    expect(await rightsOf(granted)).toMatchObject({ startsOn: null, expiresOn: '2027-01-01', grants: [] });
  });

  it('is cancelled: what is changed stays, and the counts add up', async () => {
    await test.app.database.asOrganization(main.id, (tx) =>
      tx.execute(sql`
        WITH made AS (INSERT INTO asset (organization_id, title, current_version_id, kind, media_type, file_name, byte_size, metadata)
          SELECT ${main.id}::uuid, 'C' || n, gen_random_uuid(), 'DOCUMENT', 'text/plain', 'c.txt', 1, '{"cancel": "1"}' FROM generate_series(1, 2000) n
          RETURNING organization_id, id, current_version_id)
        INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
        SELECT organization_id, current_version_id, id, 1, encode(sha256(id::text::bytea), 'hex'), 1, 'c.txt', 'text/plain', 'DOCUMENT' FROM made`),
    );
    const filter = { metadata: [{ key: 'cancel' }] };
    const { edit } = await mutate('Create', { filter, change: { title: '{title}+' } });
    const id = (edit as Edit).id;
    expect((await mutate('Undo', { id })).userErrors).toMatchObject([{ code: 'CONFLICT', message: expect.stringMatching(/not over/) }]);
    const { edit: cancelled } = await mutate('Cancel', { id });
    expect(cancelled).toMatchObject({ state: 'CANCELLED', counts: { total: 2000, pending: 0, failed: 0 } });
    const { changed, cancelled: left } = (cancelled as Edit).counts as { changed: number; cancelled: number };
    expect(changed + left).toBe(2000);
    expect(left).toBeGreaterThan(0);
    expect((await query<{ n: number }>(sql`SELECT count(*) AS n FROM asset WHERE title ~ '^C[0-9]+[+]$'`))[0]?.n).toBe(changed);
    expect((await mutate('Cancel', { id })).userErrors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringMatching(/over already/) },
    ]);
    // Followed as a stream, another one to its end.
    const { edit: second } = await mutate('Create', { filter, change: { title: '{title}-' } });
    const answer = await fetch(`${test.url}/graphql/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${main.keys.VIEWER}` },
      body: JSON.stringify({
        query: 'subscription ($id: ID!) { assetBulkEditProgress(id: $id) { state progress counts { total pending changed } } }',
        variables: { id: (second as Edit).id },
      }),
    });
    const events = [...(await answer.text()).matchAll(/event: next\ndata: (.*)\n/g)].map(
      (match) => JSON.parse(match[1] as string).data.assetBulkEditProgress,
    );
    expect(events.length).toBeGreaterThan(1);
    expect(events[0]).toMatchObject({ state: 'RUNNING', counts: { total: 2000 } });
    expect(events.at(-1)).toEqual({ state: 'COMPLETED', progress: 1, counts: { total: 2000, pending: 0, changed: 2000 } });
  });

  it('loses one asset that cannot be changed, not its batch', async () => {
    const bad = await insertAsset(test.app.database, main.id, { title: 'Poison', kind: 'DOCUMENT' });
    const good = await Promise.all([1, 2, 3].map((n) => insertAsset(test.app.database, main.id, { title: `Fine ${n}`, kind: 'DOCUMENT' })));
    const assets = [bad, ...good].map(({ id }) => Buffer.from(`Asset:${id}`).toString('base64url'));
    const judge = {
      judgeVersions: async (_: unknown, versionIds: readonly string[]) => {
        if (versionIds.includes(bad.versionId)) throw new Error('this one cannot be judged');
      },
    };
    const { edit } = await mutate('Create', { assets, change: { title: '{title} changed' }, idempotencyKey: 'poison' });
    await ended((edit as Edit).id);
    await mutate('Undo', { id: (edit as Edit).id });
    await undone((edit as Edit).id);
    // The same again by a job of our own, whose judge fails for one of them.
    const editId = keyOf((edit as Edit).id);
    await test.app.database.asOrganization(main.id, async (tx) => {
      await tx.execute(sql`UPDATE bulk_edit SET state = 'RUNNING', finished_at = NULL, undo_state = NULL WHERE id = ${editId}::uuid`);
      await tx.execute(sql`UPDATE bulk_edit_item SET state = 'PENDING', code = NULL, before = NULL, left_at = NULL, undo_code = NULL, finished_at = NULL
        WHERE edit_id = ${editId}::uuid`);
    });
    const { tags, collections } = test.app;
    const job = new BulkEditJob(test.app.database, new AssetEdit(tags, collections, judge), recordingLog().log);
    await job.run({ organizationId: main.id, editId }, aTurn());
    expect(await editOf((edit as Edit).id)).toMatchObject({ state: 'COMPLETED', counts: { total: 4, changed: 3, failed: 1, pending: 0 } });
    expect(await query(sql`SELECT title FROM asset WHERE title LIKE 'Poison%' OR title LIKE 'Fine%' ORDER BY title`)).toEqual([
      { title: 'Fine 1 changed' },
      { title: 'Fine 2 changed' },
      { title: 'Fine 3 changed' },
      { title: 'Poison' },
    ]);
  });

  it('is refused with the field at fault, and then nothing is made', async () => {
    const [asset] = await importPictures([{ title: 'Refused', tags: ['refused'] }]);
    const before = await query(sql`SELECT count(*) AS n FROM bulk_edit`);
    const own = { assets: [asset] };
    const other = (test.organizations.other as TestOrganization).keys.EDITOR;
    for (const [input, code, field] of [
      [{ change: { title: 'x' } }, 'BAD_USER_INPUT', 'input.filter'],
      [{ ...own, filter: {}, change: { title: 'x' } }, 'BAD_USER_INPUT', 'input.filter'],
      [{ ...own, change: {} }, 'BAD_USER_INPUT', 'input.change'],
      [{ ...own, change: { title: '{name}' } }, 'BAD_USER_INPUT', 'input.change.title'],
      [{ ...own, change: { title: null } }, 'BAD_USER_INPUT', 'input.change.title'],
      [{ ...own, change: { tags: { set: ['a'], add: ['b'] } } }, 'BAD_USER_INPUT', 'input.change.tags'],
      [{ ...own, change: { tags: { remove: ['refused'], add: ['Refused'] } } }, 'BAD_USER_INPUT', 'input.change.tags.remove[0]'],
      [{ ...own, change: { tags: { remove: ['refused', 'never made'] } } }, 'NOT_FOUND', 'input.change.tags.remove[1]'],
      [{ ...own, change: { collections: { remove: ['never made'] } } }, 'NOT_FOUND', 'input.change.collections.remove[0]'],
      [{ ...own, change: { brand: 'never-made' } }, 'NOT_FOUND', 'input.change.brand'],
      [
        { ...own, change: { rights: { startsOn: '2030-01-02', expiresOn: '2030-01-01' } } },
        'BAD_USER_INPUT',
        'input.change.rights.expiresOn',
      ],
      [{ ...own, change: { metadata: { k: { deep: 1 } } } }, 'BAD_USER_INPUT', 'input.change.metadata.k'],
      [{ assets: [], change: { title: 'x' } }, 'BAD_USER_INPUT', 'input.assets'],
      [
        { assets: [Buffer.from(`Asset:${crypto.randomUUID()}`).toString('base64url')], change: { title: 'x' } },
        'NOT_FOUND',
        'input.assets[0]',
      ],
      [{ filter: { tags: { any: ['never made'] } }, change: { title: 'x' } }, 'BAD_USER_INPUT', 'input.filter.tags.any[0]'],
    ] as const) {
      expect([input, (await mutate('Create', input)).userErrors]).toEqual([input, [expect.objectContaining({ code, field })]]);
    }
    expect((await mutate('Create', { ...own, change: { title: 'x' } }, other)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(await query(sql`SELECT count(*) AS n FROM bulk_edit`)).toEqual(before);
    expect((await mutate('Create', { filter: { textContains: 'said nowhere' }, change: { title: 'x' } })).edit).toMatchObject({
      state: 'COMPLETED',
      counts: { total: 0 },
    });
  });

  it('keeps counts that the database checks', async () => {
    const [edit] = await query<{ id: string }>(sql`SELECT id FROM bulk_edit WHERE input_count > 0 LIMIT 1`);
    for (const statement of [
      sql`UPDATE bulk_edit SET changed_count = changed_count + 1 WHERE id = ${edit?.id}::uuid`,
      sql`DELETE FROM bulk_edit_item WHERE edit_id = ${edit?.id}::uuid AND position = 0`,
      sql`UPDATE bulk_edit_item SET state = 'PENDING', finished_at = NULL WHERE edit_id = ${edit?.id}::uuid AND position = 0`,
    ]) {
      await expect(query(statement)).rejects.toMatchObject({ code: '23514' });
    }
  });
});
