import { spanOf } from '../../../src/library/assets/rights-grants.js';
import { Verdict } from '../../../src/vocabulary/compliance.js';
import { sql } from '../../../src/platform/database/sql.js';
import { fromGlobalId, toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { createRandom } from '../../../src/program/samples/random.js';
import {
  BRAND_OF,
  DAYS,
  HEXES,
  matches,
  METADATA,
  MOMENTS,
  type NaiveAsset,
  type NaiveRule,
  randomFilter,
  SIZES,
  type Vocabulary,
} from '../../support/naive-filter.js';
import { onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

/** `VITRINE_FILTER_TREES` sets another number, for long runs (docs/search-plan.md). */
const FILTERS = Number(process.env.VITRINE_FILTER_TREES ?? 200);
const ASSETS = 60;
const SEED = Number(process.env.VITRINE_FILTER_SEED ?? 20261124);

let test: TestDatabase;
let room: SearchRoom;
let vocabulary: Vocabulary;
const assets = new Map<string, NaiveAsset & { turn: number }>();

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'property');
  const random = createRandom(SEED);
  const tags = ['red', 'blue', 'kind/banner', 'kind/banner/wide', 'kind', 'kindred', 'season/spring', 'grün', 'unused'];
  const tagIds = await room.tagIds(...tags);
  const brands = [await room.makeBrand('one'), await room.makeBrand('two')];
  const collections = ['0c0ffee0-0000-4000-8000-000000000001', '0c0ffee0-0000-4000-8000-000000000002'];
  for (const id of collections)
    await room.inside((tx) => tx.rows.collection.create({ data: { organizationId: room.organizationId, id, name: id } }));
  const rules: NaiveRule[] = brands.flatMap(({ brandId, rules }) =>
    rules.map(({ id, guidelineId, kind, severity }) => ({
      ...{
        id: toGlobalId('Rule', id),
        guideline: toGlobalId('Guideline', guidelineId),
        brand: toGlobalId('Brand', brandId),
        kind,
        severity,
      },
    })),
  );
  const conceptIds = ['0c0ffee0-0000-4000-8000-0000000000c1', '0c0ffee0-0000-4000-8000-0000000000c2'];
  await room.inside(async (tx) => {
    for (const id of conceptIds)
      await tx.execute(sql`INSERT INTO concept (organization_id, id, name, purpose, review_at, block_at)
        VALUES (${room.organizationId}::uuid, ${id}::uuid, ${id}, 'MODERATION', 0.5, 0.9)`);
  });
  await test.database.asOwner(`INSERT INTO rival_set (model_revision_id, revision) VALUES (${room.model.id}, 'a test')`);
  for (const { id, guideline, brand } of rules) BRAND_OF.set(id, brand).set(guideline, brand);
  vocabulary = {
    ...{
      ids: [toGlobalId('Asset', '0c0ffee0-0000-4000-8000-00000000dead')],
      tags: [...tags, 'season'],
      words: ['sale', '100%', 'a_b', 'ÄÖ', 'le s', 'nothing'],
      externalIds: ['x-1', 'x-2', "x'3", 'absent'],
      rules,
      concepts: [...conceptIds, '0c0ffee0-0000-4000-8000-00000000dead'].map((id) => toGlobalId('Concept', id)),
      uploaders: ['studio', "the 'agency'", 'nobody'],
    },
    brands: [...brands.map(({ brandId }) => toGlobalId('Brand', brandId)), toGlobalId('Brand', '0c0ffee0-0000-4000-8000-00000000dead')],
    collections: collections.map((id) => toGlobalId('Collection', id)),
    verdicts: Object.values(Verdict),
  };
  for (let index = 0; index < ASSETS; index += 1) {
    const brand = random.chance(0.3) ? null : random.pick(brands);
    const kind = random.chance(0.2) ? ('DOCUMENT' as const) : ('IMAGE' as const);
    const mine = tags.slice(0, -1).filter(() => random.chance(0.25));
    const orNull = <T>(value: T): T | null => (random.chance(0.35) ? null : value);
    const asset: NaiveAsset & { turn: number } = {
      title: random.pick(['Summer sale', '100% wool', '100 wool', 'a_b', 'aXb', 'über ÄÖ']),
      description: random.pick(['', 'a SALE soon', 'äö']),
      fileName: random.pick(['plain.png', 'a_b.png', 'sale.png']),
      documentText: kind === 'DOCUMENT' ? orNull('whole sale, 100% off') : null,
      tags: mine,
      brand: brand && toGlobalId('Brand', brand.brandId),
      collections: [],
      kind,
      mediaType: kind === 'DOCUMENT' ? 'text/plain' : random.pick(['image/png', 'image/jpeg']),
      width: kind === 'DOCUMENT' ? null : orNull(random.pick(SIZES)),
      height: kind === 'DOCUMENT' ? null : orNull(random.pick(SIZES)),
      byteSize: random.pick([1, 1000, 5_000_000_000]),
      createdAt: new Date(random.pick(MOMENTS)),
      updatedAt: new Date(random.pick(MOMENTS)),
      takenAt: orNull(random.pick([...DAYS.map((day) => `${day}T10:00:00`), '2026-02-31T00:00:00+01:00', '2026'])),
      uploadedBy: random.pick([null, 'studio', "the 'agency'"]),
      rightsHolder: random.chance(0.5) ? 'Someone' : null,
      rightsLicense: random.chance(0.3) ? 'CC0' : null,
      concepts: conceptIds.flatMap((id) =>
        random.chance(0.4)
          ? [
              {
                concept: toGlobalId('Concept', id),
                probability: random.pick([0.3, 0.5, 0.75, 0.9]),
                state: random.pick(['OPEN', 'ACCEPTED', 'REJECTED'] as const),
              },
            ]
          : [],
      ),
      colors:
        kind === 'DOCUMENT'
          ? []
          : random
              .shuffle(HEXES)
              .slice(0, random.integer(0, 3))
              .map((hex, at) => ({ hex, share: [0.5, 0.3, 0.2][at] as number })),
      externalId: index < 3 ? (['x-1', 'x-2', "x'3"][index] as string) : null,
      rightsStartsOn: random.chance(0.6) ? null : random.pick(DAYS),
      rightsExpiresOn: random.chance(0.6) ? null : random.pick(DAYS),
      rightsGrants: Array.from({ length: random.chance(0.6) ? 0 : random.integer(1, 3) }, () => {
        const [startsOn, expiresOn] = [orNull(random.pick(DAYS)), orNull(random.pick(DAYS))];
        const isReversed = startsOn !== null && expiresOn !== null && startsOn > expiresOn;
        return {
          ...(isReversed ? { startsOn: expiresOn, expiresOn: startsOn } : { startsOn, expiresOn }),
          ...{
            territories: orNull(random.pick([['de'], ['fr', 'us'], ['worldwide']])),
            channels: orNull(random.pick([['web'], ['print', '*']])),
          },
          releases: orNull(['model']),
        };
      }),
      metadata: Object.fromEntries(
        Object.entries(METADATA).flatMap(([key, values]) => (random.chance(0.5) ? [[key, random.pick<unknown>(values)]] : [])),
      ),
      findings:
        brand === null
          ? []
          : rules
              .filter((rule) => rule.brand === toGlobalId('Brand', brand.brandId))
              .flatMap((rule) => (random.chance(0.5) ? [{ rule, verdict: random.pick(vocabulary.verdicts) }] : [])),
      release: random.pick([
        null,
        { state: 'WITHDRAWN' as const, broken: false },
        { state: 'APPROVED' as const, broken: false },
        { state: 'APPROVED' as const, broken: true },
      ]),
      embedded: kind === 'IMAGE' && random.chance(0.9),
      turn: random.integer(0, 40) / 80, // several at the same distance
    };
    if (asset.rightsGrants.length > 0) {
      const { startsOn, expiresOn } = spanOf(asset.rightsGrants);
      Object.assign(asset, { rightsStartsOn: startsOn, rightsExpiresOn: expiresOn });
    }
    const { tags: _, brand: __, ...columns } = asset;
    const given = {
      ...columns,
      brandId: brand?.brandId ?? null,
      tagIds: mine.map((tag) => tagIds[tags.indexOf(tag)] as number).sort((a, b) => a - b),
    };
    const assetId = await room.add(given, asset.embedded ? onCircle(asset.turn) : undefined);
    asset.id = toGlobalId('Asset', assetId);
    vocabulary = { ...vocabulary, ids: [...vocabulary.ids, asset.id] };
    for (const [position, collectionId] of collections.entries()) {
      if (!random.chance(0.3)) continue;
      await room.inside((tx) => tx.rows.collectionAsset.create({ data: { organizationId: room.organizationId, collectionId, assetId } }));
      asset.collections.push(vocabulary.collections[position] as string);
    }
    for (const { concept, probability, state } of asset.concepts) {
      await room.inside((tx) =>
        tx.execute(sql`
          INSERT INTO concept_match (organization_id, concept_id, version_id, asset_id, score, probability, part, is_calibrated, concept_revision,
            rival_set_id, state, decided_at)
          SELECT a.organization_id, ${fromGlobalId('Concept', concept, 'concept')}::uuid, a.current_version_id, a.id, 0, ${probability}, 'whole', false, 1,
            (SELECT min(id) FROM rival_set), ${state}, CASE WHEN ${state}::text <> 'OPEN' THEN now() END
          FROM asset a WHERE a.id = ${assetId}::uuid`),
      );
    }
    if (asset.release !== null) {
      const { state, broken } = asset.release;
      await room.inside((tx) =>
        tx.execute(sql`
          INSERT INTO version_release (organization_id, version_id, asset_id, state, decided_by, decided_by_name, broken_at)
          SELECT a.organization_id, a.current_version_id, a.id, ${state}, gen_random_uuid(), 'a test', CASE WHEN ${broken}::boolean THEN now() END
          FROM asset a WHERE a.id = ${assetId}::uuid`),
      );
    }
    for (const { rule, verdict } of asset.findings) {
      const ruleId = brand?.ruleIds[rule.kind] as string;
      await room.addFinding({ assetId, brandId: brand?.brandId as string, ruleId, verdict, severity: rule.severity });
    }
    assets.set(toGlobalId('Asset', assetId), asset);
  }
});
afterAll(() => test.close());

const idsOf = (page: Awaited<ReturnType<SearchRoom['search']['findAssets']>>) =>
  page.edges.map((edge) => toGlobalId('Asset', edge.node.id));

it(
  `${FILTERS} random filters find what a plain evaluator finds, browsing and ranked`,
  async () => {
    const random = createRandom(SEED + 1);
    const sizes: number[] = [];
    for (let round = 0; round < FILTERS; round += 1) {
      const filter = randomFilter(random, vocabulary, random.integer(1, 5));
      const expected = [...assets].filter(([, asset]) => matches(asset, filter)).map(([id]) => id);
      const label = `filter ${round}: ${JSON.stringify(filter)}`;

      const browsed = await room.search.findAssets(room.viewer, { filter, first: 100 });
      expect([label, idsOf(browsed).sort(), await browsed.countTotal()]).toEqual([label, [...expected].sort(), expected.length]);

      const ranked = await room.search.findAssets(room.viewer, { query: 'anything', filter, first: 100 });
      const embedded = expected.filter((id) => assets.get(id)?.embedded);
      expect([label, idsOf(ranked).sort(), await ranked.countTotal()]).toEqual([label, [...embedded].sort(), embedded.length]);
      const turns = idsOf(ranked).map((id) => assets.get(id)?.turn as number);
      expect([label, turns]).toEqual([label, [...turns].sort((a, b) => a - b)]);
      sizes.push(expected.length);
    }
    // The filters must not be trivial: many select some assets and leave others out.
    expect(sizes.filter((size) => size > 0 && size < ASSETS).length).toBeGreaterThan(FILTERS / 3);
  },
  60_000 + FILTERS * 1000,
);

it('every condition and its negation split the library in two', async () => {
  const random = createRandom(SEED + 2);
  for (let round = 0; round < 40; round += 1) {
    const filter = randomFilter(random, vocabulary, 2);
    const count = async (asked: typeof filter) =>
      await (await room.search.findAssets(room.viewer, { filter: asked, first: 1 })).countTotal();
    expect([JSON.stringify(filter), (await count(filter)) + (await count({ not: filter }))]).toEqual([JSON.stringify(filter), ASSETS]);
  }
});
