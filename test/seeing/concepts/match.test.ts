import { COMMON_THINGS } from '../../../src/seeing/concepts/common-things.js';
import { leftOutFor } from '../../../src/seeing/concepts/concept-vectors.js';
import { listMatches } from '../../../src/seeing/concepts/match.queries.js';
import { sql } from '../../../src/platform/database/sql.js';
import { fromHalfBits, toHalfBits } from '../../../src/engines/embedding/vector.js';
import { fromGlobalId, toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { type ConceptRoom, openConcepts, pictureOf, vectorOf } from '../../support/concept-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const half = (vector: readonly number[]) => vector.map((value) => fromHalfBits(toHalfBits(value)));
const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0) / Math.hypot(...a) / Math.hypot(...b);

/** What the statement must give, told the plain way. */
function expectedScore(picture: readonly number[], name: string, counters: readonly string[], scale: number): number {
  const rivals = COMMON_THINGS.map((text) => Float32Array.from(half(vectorOf(text))));
  const out = new Set(leftOutFor(Float32Array.from(vectorOf(name)), rivals));
  const odds = (vector: readonly number[]) => Math.exp(scale * cosine(half(picture), half(vector)));
  const common = COMMON_THINGS.reduce((sum, text, index) => sum + (out.has(index) ? 0 : odds(vectorOf(text))), 0);
  return Math.log(odds(vectorOf(name))) - Math.log(common + counters.reduce((sum, text) => sum + odds(vectorOf(text)), 0));
}

const allMatches = (room: ConceptRoom) => room.inside((tx) => listMatches(tx, {}, null, null));
const titles = async (room: ConceptRoom, selection = {}) =>
  (await room.matches.list(room.viewer(), { first: 100, ...selection })).edges.map(({ node }) => node.asset.row.title).sort();

describe('the scores of a library', () => {
  it('are the log-odds of the concept against common things and its counter-prompts, in the strongest part', async () => {
    const room = await openConcepts(test.database, 'scores', { logitScale: 12 });
    const pictures = {
      plain: pictureOf({ zeppelin: 1, 'a cloud': 0.4 }),
      faint: pictureOf({ zeppelin: 0.6, 'a boat': 0.5 }),
      rival: pictureOf({ zeppelin: 1, 'hot air balloon': 0.9 }),
    };
    for (const [title, vector] of Object.entries(pictures)) await room.add({ title }, vector);
    const strong = pictureOf({ zeppelin: 1 });
    await room.add({ title: 'film' }, pictureOf({ 'a street': 1 }), { 'frame-1': pictureOf({ 'a street': 1 }), 'frame-2': strong });
    const { concept } = await room.concepts.create(room.viewer(), {
      ...{ name: 'zeppelin', counterPrompts: ['hot air balloon'], purpose: 'MODERATION', reviewAt: 1e-9, blockAt: 0.9 },
    });
    await room.matching.compareLibrary(room.organizationId);
    const found = new Map((await allMatches(room)).map((match) => [match.assetId, match]));
    const { edges } = await room.matches.list(room.viewer(), { concept: concept.id });
    expect(edges).toHaveLength(4);
    for (const { node } of edges) {
      const { title, id } = node.asset.row;
      const picture = title === 'film' ? strong : pictures[title as keyof typeof pictures];
      const score = expectedScore(picture, 'zeppelin', ['hot air balloon'], 12);
      expect([title, found.get(id)?.part]).toEqual([title, title === 'film' ? 'frame-2' : 'whole']);
      expect(node.score).toBeCloseTo(score, 3);
      expect(node.probability).toBeCloseTo(1 / (1 + Math.exp(-score)), 4);
      expect(node).toMatchObject({ isCalibrated: false, state: 'OPEN', conceptRevision: 1, modelRevision: 'hand-made-concepts' });
    }
    const by = Object.fromEntries(edges.map(({ node }) => [node.asset.row.title, node.score]));
    expect(by.rival).toBeLessThan(by.plain as number);
  });

  it('are plain sigmoids under a SigLIP model, and finite at any scale', async () => {
    const siglip = await openConcepts(test.database, 'scores-siglip', {
      ...{ revision: 'siglip-one', modelType: 'siglip', logitScale: 110, logitBias: -12 },
    });
    // The other model draws its own vectors of texts.
    await siglip.add({ title: 'sign' }, vectorOf('siglip-one zeppelin'));
    await siglip.add({ title: 'other' }, vectorOf('siglip-one banjo'));
    await siglip.concepts.create(siglip.viewer(), { name: 'zeppelin', purpose: 'MODERATION', reviewAt: 1e-12, blockAt: 1 });
    await siglip.matching.compareLibrary(siglip.organizationId);
    const scores = Object.fromEntries(
      (await siglip.matches.list(siglip.viewer(), {})).edges.map(({ node }) => [node.asset.row.title, node]),
    );
    expect(scores.sign?.score).toBeCloseTo(98, 0);
    expect(scores.sign?.probability).toBeCloseTo(1, 9);
    const steep = await openConcepts(test.database, 'scores-steep', { revision: 'steep', logitScale: 5000 });
    await steep.add({ title: 'steep' }, vectorOf('steep zeppelin'));
    await steep.concepts.create(steep.viewer(), { name: 'zeppelin', purpose: 'MODERATION', reviewAt: 1e-12, blockAt: 1 });
    await steep.matching.compareLibrary(steep.organizationId);
    const [match] = await allMatches(steep);
    expect(Number.isFinite(match?.score)).toBe(true);
  });
});

describe('matches', () => {
  let room: ConceptRoom;
  beforeAll(async () => {
    room = await openConcepts(test.database, 'matches');
    await room.add({ title: 'banjo 1' }, pictureOf({ banjo: 1 }));
    await room.add({ title: 'banjo 2' }, pictureOf({ banjo: 1, 'a forest': 0.3 }));
    await room.add({ title: 'forest' }, pictureOf({ 'a forest': 1 }));
    await room.add({ title: 'text', kind: 'DOCUMENT' });
  });

  it('follow a new concept, an import, a change of the concept, and its end', async () => {
    const before = room.changes();
    const { concept } = await room.concepts.create(room.viewer(), { name: 'Banjo' });
    expect(room.changes()).toBe(before + 1);
    expect(concept).toMatchObject({ tag: 'banjo', proposeAt: 0.5, isMatched: false, matchedAt: null, revision: 1 });
    expect(await titles(room)).toEqual([]);
    // Names are asked for as they are written.
    await room.concepts.update(room.viewer(), { id: concept.id, name: 'banjo' });
    expect(await room.matching.compareLibrary(room.organizationId)).toBe(1);
    expect(await room.matching.compareLibrary(room.organizationId)).toBe(0);
    expect(await titles(room)).toEqual(['banjo 1', 'banjo 2']);
    await room.add({ title: 'banjo 3' }, pictureOf({ banjo: 1, snow: 0.2 }));
    expect(await titles(room)).toEqual(['banjo 1', 'banjo 2', 'banjo 3']);
    const [first] = (await room.matches.list(room.viewer(), { first: 1 })).edges;
    const { concept: changed } = await room.concepts.update(room.viewer(), { id: concept.id, proposeAt: 0.999999 });
    expect(changed).toMatchObject({ revision: 2, isMatched: false });
    await room.matching.compareLibrary(room.organizationId);
    const left = (await room.matches.list(room.viewer(), {})).edges;
    expect(left.length).toBeLessThan(3);
    // A match that stays keeps its id.
    if (left[0]) expect(left[0].node.id).toBe(first?.node.id);
    await room.concepts.update(room.viewer(), { id: concept.id, name: 'trombone', proposeAt: 0.5 });
    await room.matching.compareLibrary(room.organizationId);
    expect(await titles(room)).toEqual([]);
    const again = await room.concepts.find(room.viewer(), concept.id);
    expect(again).toMatchObject({ revision: 3, isMatched: true, counts: { open: 0 } });
    expect(await room.concepts.delete(room.viewer(), concept.id)).toEqual({ deletedId: concept.id });
    expect(await room.concepts.find(room.viewer(), concept.id)).toBeNull();
  });

  it('that were rejected never come back for that version: not by concept, threshold, model or import', async () => {
    const { concept } = await room.concepts.create(room.viewer(), { name: 'banjo' });
    await room.matching.compareLibrary(room.organizationId);
    const open = (await room.matches.list(room.viewer(), { concept: concept.id })).edges.map(({ node }) => node);
    const wrong = open.find(({ asset }) => asset.row.title === 'banjo 2')!;
    const { matches } = await room.matches.reject(room.viewer(), [wrong.id]);
    expect(matches).toMatchObject([{ id: wrong.id, state: 'REJECTED', decidedBy: 'test' }]);
    await room.concepts.update(room.viewer(), { id: concept.id, synonyms: ['five-string banjo'], proposeAt: 0.01 });
    await room.matching.compareLibrary(room.organizationId);
    await room.inside((tx) => room.matching.matchVersions(tx, [wrong.asset.row.current_version_id]));
    const other = await room.withModel({ revision: 'second-model' });
    await other.inside(async (tx) => {
      const vector = `[${pictureOf({ 'second-model banjo': 1 }).join(',')}]`;
      await tx.execute(sql`INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, kind, created_at, vector)
        SELECT a.organization_id, ${other.embedding.defaultModel.revision.id}, a.current_version_id, a.id, a.kind, a.created_at, ${vector}::halfvec
        FROM asset a WHERE a.organization_id = ${room.organizationId}::uuid AND a.kind = 'IMAGE'`);
    });
    expect(await other.matching.compareLibrary(room.organizationId)).toBe(1);
    const seen = (await other.matches.list(other.viewer(), { concept: concept.id })).edges.map(({ node }) => node);
    expect(seen.find(({ id }) => id === wrong.id)).toMatchObject({ state: 'REJECTED', modelRevision: 'hand-made-concepts' });
    expect(seen.filter(({ state }) => state === 'OPEN').map(({ modelRevision }) => modelRevision)).toContain('second-model');
    expect(await titles(other, { concept: concept.id, state: 'OPEN' })).toEqual(['banjo 1', 'banjo 3', 'forest']);
    expect(await other.concepts.find(other.viewer(), concept.id)).toMatchObject({ isMatched: true });
    // Back again: the concept has to be compared anew under the first model.
    expect(await room.concepts.find(room.viewer(), concept.id)).toMatchObject({ isMatched: false });
    await room.matching.compareLibrary(room.organizationId);
    expect(await titles(room, { concept: concept.id, state: 'OPEN' })).toEqual(['banjo 1', 'banjo 3']);
    // A new file of the asset is another matter.
    const versionId = await replaceFile(room, wrong.asset.row.id, pictureOf({ banjo: 1 }));
    await room.inside((tx) => room.matching.matchVersions(tx, [versionId]));
    expect(await titles(room, { concept: concept.id, state: 'OPEN' })).toEqual(['banjo 1', 'banjo 2', 'banjo 3']);
    await room.concepts.delete(room.viewer(), concept.id);
  });

  it('put their tag on the asset when they are accepted, with all that follows from a tag', async () => {
    const { concept } = await room.concepts.create(room.viewer(), { name: 'banjo', tag: 'Instrument/Banjo' });
    await room.matching.compareLibrary(room.organizationId);
    const [one, two] = (await room.matches.list(room.viewer(), { concept: concept.id })).edges.map(({ node }) => node);
    room.retagged.length = 0;
    const { matches } = await room.matches.accept(room.viewer(), [one!.id]);
    expect(matches).toMatchObject([{ state: 'ACCEPTED', tag: 'instrument/banjo' }]);
    expect(room.retagged).toEqual([one!.asset.row.id]);
    const [tagId] = (await room.inside((tx) => room.tags.findIds(tx, ['instrument/banjo']))).ids.values();
    const rows = await room.inside((tx) =>
      tx.query(sql`SELECT a.tag_ids AS asset, e.tag_ids AS search FROM asset a JOIN asset_embedding e ON e.version_id = a.current_version_id
        WHERE a.id = ${one!.asset.row.id}::uuid AND e.model_revision_id = ${room.embedding.defaultModel.revision.id}`),
    );
    expect(rows).toEqual([{ asset: [tagId], search: [tagId] }]);
    // Again: nothing more happens. The other way round: the tag has to go by hand.
    await room.matches.accept(room.viewer(), [one!.id]);
    expect(room.retagged).toHaveLength(1);
    await expect(room.matches.reject(room.viewer(), [two!.id, one!.id])).rejects.toMatchObject({
      code: 'CONFLICT',
      field: 'input.matches[1]',
    });
    expect(await room.matches.find(room.viewer(), fromGlobalId('ConceptMatch', two!.id, 'id'))).toMatchObject({ state: 'OPEN' });
    // A tag that is there already is not proposed.
    await room.tags.addToAssets(room.viewer(), { assets: [toGlobalId('Asset', two!.asset.row.id)], tags: ['instrument/banjo'] });
    await room.concepts.update(room.viewer(), { id: concept.id, proposeAt: 0.4 });
    await room.matching.compareLibrary(room.organizationId);
    expect(await titles(room, { concept: concept.id, state: 'OPEN' })).not.toContain(two!.asset.row.title);
    // A person may change a rejection.
    const [three] = (await room.matches.list(room.viewer(), { concept: concept.id, state: 'OPEN' })).edges.map(({ node }) => node);
    await room.matches.reject(room.viewer(), [three!.id]);
    expect((await room.matches.accept(room.viewer(), [three!.id])).matches[0]).toMatchObject({ state: 'ACCEPTED' });
    await room.concepts.delete(room.viewer(), concept.id);
    const left = await room.inside((tx) =>
      tx.query(sql`SELECT 1 FROM asset WHERE id = ${one!.asset.row.id}::uuid AND tag_ids @> ARRAY[${tagId}::int]`),
    );
    expect(left).toHaveLength(1);
  });

  it('are refused together when one is not there, and below the role', async () => {
    const { concept } = await room.concepts.create(room.viewer(), { name: 'banjo' });
    await room.matching.compareLibrary(room.organizationId);
    const [one] = (await room.matches.list(room.viewer(), { concept: concept.id })).edges.map(({ node }) => node);
    const nowhere = toGlobalId('ConceptMatch', '00000000-0000-4000-8000-000000000000');
    await expect(room.matches.accept(room.viewer(), [one!.id, nowhere])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.matches[1]',
    });
    await expect(room.matches.accept(room.viewer('VIEWER'), [one!.id])).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(room.matches.reject(room.viewer(), [])).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.matches' });
    await expect(room.matches.reject(room.viewer(), [concept.id])).rejects.toMatchObject({ field: 'input.matches[0]' });
    expect((await room.matches.list(room.viewer(), { state: 'ACCEPTED', concept: concept.id })).totalCount).toBe(0);
    await room.concepts.delete(room.viewer(), concept.id);
  });

  it('come in pages, by concept, asset, state and probability', async () => {
    const { concept } = await room.concepts.create(room.viewer(), { name: 'banjo' });
    const { concept: forest } = await room.concepts.create(room.viewer(), { name: 'forest', tag: 'wood' });
    await room.matching.compareLibrary(room.organizationId);
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page = await room.matches.list(room.viewer(), { first: 1, after, concept: concept.id });
      expect(page.totalCount).toBe(3);
      seen.push(...page.edges.map(({ node }) => node.id));
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage;
    }
    expect(new Set(seen).size).toBe(3);
    const all = (await room.matches.list(room.viewer(), { concept: concept.id })).edges.map(({ node }) => node);
    expect(all.map(({ id }) => id)).toEqual(seen);
    expect(all.map(({ probability }) => probability)).toEqual([...all].map(({ probability }) => probability).sort((a, b) => b - a));
    const lowest = all.at(-1)!;
    const above = await room.matches.list(room.viewer(), { concept: concept.id, minProbability: Math.min(lowest.probability + 1e-9, 1) });
    expect(above.totalCount).toBeLessThan(3);
    expect(
      (await room.matches.list(room.viewer(), { asset: toGlobalId('Asset', lowest.asset.row.id), concept: concept.id })).totalCount,
    ).toBe(1);
    for (const minProbability of [0, -1, 1.1, Number.NaN]) {
      await expect(room.matches.list(room.viewer(), { minProbability })).rejects.toMatchObject({ field: 'minProbability' });
    }
    const [of] = await room.matches.matchesOfAssets(room.viewer(), [lowest.asset.row.id]);
    expect(of?.map(({ conceptName }) => conceptName)).toContain('banjo');
    await room.concepts.delete(room.viewer(), concept.id);
    await room.concepts.delete(room.viewer(), forest.id);
  });

  it('of moderation stand in a queue, for review between the thresholds and blocked above', async () => {
    const { concept } = await room.concepts.create(room.viewer(), { name: 'banjo', purpose: 'MODERATION', reviewAt: 0.05, blockAt: 0.9 });
    await room.matching.compareLibrary(room.organizationId);
    const queue = await room.matches.moderationQueue(room.viewer(), { first: 10 });
    const probabilities = queue.edges.map(({ node }) => [node.level, node.probability >= 0.9] as const);
    expect(queue.totalCount).toBeGreaterThanOrEqual(3);
    for (const [level, over] of probabilities) expect(level).toBe(over ? 'BLOCK' : 'REVIEW');
    const blocked = await room.matches.moderationQueue(room.viewer(), { level: 'BLOCK' });
    expect(blocked.totalCount).toBe(probabilities.filter(([, over]) => over).length);
    const [first] = blocked.edges;
    // Confirmed or cleared, it leaves the queue, and no tag is made of it.
    room.retagged.length = 0;
    await room.matches.accept(room.viewer(), [first!.node.id]);
    expect((await room.matches.reject(room.viewer(), [first!.node.id])).matches[0]).toMatchObject({ state: 'REJECTED', tag: null });
    expect(room.retagged).toEqual([]);
    expect((await room.matches.moderationQueue(room.viewer(), {})).totalCount).toBe(queue.totalCount - 1);
    await expect(room.matches.moderationQueue(room.viewer(), { level: 'PROPOSAL' })).rejects.toMatchObject({ field: 'level' });
    await room.concepts.delete(room.viewer(), concept.id);
  });

  it('are not missed by an import that runs while a concept is made', async () => {
    if (test.database.engine === 'embedded') return; // one connection: nothing runs beside
    const { versionId } = await room.add({ title: 'banjo 9' }, pictureOf({ banjo: 1 }));
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let started = (): void => undefined;
    const locked = new Promise<void>((resolve) => {
      started = resolve;
    });
    const importing = room.inside(async (tx) => {
      await room.matching.matchVersions(tx, [versionId]);
      started();
      await held;
    });
    await locked;
    const creating = room.concepts.create(room.viewer(), { name: 'banjo' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    let made = false;
    void creating.then(() => {
      made = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made).toBe(false);
    release();
    await importing;
    const { concept } = await creating;
    await room.matching.compareLibrary(room.organizationId);
    expect(await titles(room, { concept: concept.id })).toContain('banjo 9');
    await room.concepts.delete(room.viewer(), concept.id);
  });
});

async function replaceFile(room: ConceptRoom, assetId: string, vector: readonly number[]): Promise<string> {
  return room.inside(async (tx) => {
    const rows = await tx.query<{ id: string }>(sql`
      INSERT INTO asset_version (organization_id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
      VALUES (${room.organizationId}::uuid, ${assetId}::uuid, 2, ${'f'.repeat(64)}, 1, 'new.png', 'image/png', 'IMAGE') RETURNING id`);
    const id = rows[0]!.id;
    await tx.execute(
      sql`UPDATE asset SET current_version_id = ${id}::uuid WHERE organization_id = ${room.organizationId}::uuid AND id = ${assetId}::uuid`,
    );
    await tx.execute(sql`INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, kind, created_at, vector)
      VALUES (${room.organizationId}::uuid, ${room.embedding.defaultModel.revision.id}, ${id}::uuid, ${assetId}::uuid, 'IMAGE', now(), ${`[${vector.join(',')}]`}::halfvec)`);
    return id;
  });
}
