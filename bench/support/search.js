// Search over the imported pictures, and over synthetic libraries of given sizes.
import { join, sql } from '../../dist/platform/database/sql.js';
import { createRandom } from '../../dist/program/samples/random.js';

const COLOURS = ['red', 'green', 'blue', 'yellow', 'orange', 'purple', 'black', 'white', 'pink', 'brown', 'grey', 'turquoise'];
const THINGS = [
  'car',
  'house',
  'tree',
  'apple',
  'cup',
  'bottle',
  'chair',
  'shoe',
  'star',
  'fish',
  'boat',
  'lamp',
  'clock',
  'flower',
  'dog',
];

/** Different texts; `salt` makes them different from those of another call. */
export function makeQueries(count, salt) {
  const all = COLOURS.flatMap((colour) => THINGS.map((thing) => `a ${colour} ${thing} ${salt}`));
  return createRandom(11).shuffle(all).slice(0, count);
}

/** Asks every query once: the text's vector first, then the search, whose vector is then in memory. Milliseconds. */
export async function timeSearches(engine, viewer, queries, filter = null) {
  const model = [];
  const search = [];
  for (const query of queries) {
    const started = performance.now();
    await engine.app.embedding.defaultModel.embedQuery(query);
    const embedded = performance.now();
    const page = await engine.app.search.findAssets(viewer, { query, filter, first: 20, showAll: true });
    search.push(performance.now() - embedded);
    model.push(embedded - started);
    if (page.edges.length === 0) throw new Error(`${engine.name}: nothing found for ${query}`);
  }
  return { model: percentiles(model), search: percentiles(search), both: percentiles(model.map((ms, index) => ms + search[index])) };
}

export function percentiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5), p95: at(0.95) };
}

/** An organisation of `count` pictures with random vectors (seeded) and two tags, of which `rare` is on one picture in a hundred. */
export async function fillLibrary({ app }, count) {
  const { id: organizationId } = await app.organizations.ensureOrganization(`rows-${count}`, `${count} rows`);
  const { id: model, dimensions } = app.embedding.defaultModel.revision;
  const organization = sql`${organizationId}::uuid`;
  for (let from = 1; from <= count; from += 5000) {
    await app.database.asOrganization(organizationId, async (tx) => {
      const [common, rare] = await tagIds(tx, organization);
      const id = (kind) => sql`md5(${kind} || g)::uuid`;
      const rows = sql`generate_series(${from}::int, ${Math.min(count, from + 4999)}::int) AS g`;
      const tags = sql`CASE WHEN g % 100 = 0 THEN ARRAY[${common}::int, ${rare}::int] ELSE ARRAY[${common}::int] END`;
      await tx.query(sql`SELECT setseed(0.42)`);
      await tx.execute(sql`
        INSERT INTO asset (organization_id, id, title, current_version_id, kind, media_type, file_name, byte_size, width, height, tag_ids)
        SELECT ${organization}, ${id('asset')}, 'asset ' || g, ${id('version')}, 'IMAGE', 'image/png', g || '.png', 1000, 640, 480, ${tags} FROM ${rows}`);
      await tx.execute(sql`
        INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind, width, height)
        SELECT ${organization}, ${id('version')}, ${id('asset')}, 1, md5('x' || g) || md5('y' || g), 1000, g || '.png', 'image/png', 'IMAGE', 640, 480 FROM ${rows}`);
      await tx.execute(sql`
        INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, kind, tag_ids, created_at, vector)
        SELECT ${organization}, ${model}::int, ${id('version')}, ${id('asset')}, 'IMAGE', ${tags}, now(),
          (SELECT array_agg(random() - 0.5) FROM generate_series(1, ${dimensions}::int) AS d WHERE g > 0)::real[]::vector::halfvec FROM ${rows}`);
    });
    // After every chunk: the plans of foreign key checks, made when the tables were all but empty, are made anew.
    for (const table of ['asset', 'asset_version', 'asset_embedding']) await app.database.asOwner(`ANALYZE ${table}`);
  }
  return { organizationId, apiKeyId: organizationId, apiKeyName: 'benchmark', role: 'ADMIN' };
}

async function tagIds(tx, organization) {
  const names = ['common', 'rare'];
  const rows = join(names.map((name) => sql`(${organization}, ${name})`));
  await tx.execute(sql`INSERT INTO tag (organization_id, name) VALUES ${rows} ON CONFLICT DO NOTHING`);
  const found = await tx.query(sql`SELECT name, id FROM tag WHERE organization_id = ${organization}`);
  return names.map((name) => found.find((row) => row.name === name).id);
}
