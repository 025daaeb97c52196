// A library of clustered vectors (vectors.js), written straight into the tables of either engine, with tags of known selectivity.
import 'reflect-metadata';
import { ComplianceService } from '../../dist/judging/judgements/compliance.service.js';
import { EmbedderPool } from '../../dist/engines/embedding/embedder-pool.js';
import { registerModel } from '../../dist/engines/embedding/embedding.queries.js';
import { EmbeddingService } from '../../dist/engines/embedding/embedding.service.js';
import { CalibrationService } from '../../dist/seeing/concepts/calibration.service.js';
import { FilterService } from '../../dist/finding/search/filter.service.js';
import { QueryReader } from '../../dist/finding/search/query-reader.service.js';
import { SearchService } from '../../dist/finding/search/search.service.js';
import { TagService } from '../../dist/library/tags/tag.service.js';
import { sql, join } from '../../dist/platform/database/sql.js';
import { toHalfvecBinary } from '../../dist/engines/embedding/vector.js';
import { createRandom } from '../../dist/program/samples/random.js';
import { makeVectors } from './vectors.js';

/** Share of the library that each tag is on. `any`: picked one by one. `near`: whole clusters, so that a tag says something about the picture. */
export const SHARES = new Map([
  ['50', 0.5],
  ['10', 0.1],
  ['3', 0.03],
  ['1', 0.01],
  ['0.1', 0.001],
  ['0.01', 0.0001],
]);
const FILLED = ['asset', 'asset_version', 'asset_embedding'];
const NAMES = [...SHARES.keys()].flatMap((name) => [`any/${name}`, `near/${name}`]);

/** Which rows have which tags, and `clustersOf`, the clusters behind a `near` tag. */
function assignTags({ clusters }, count, seed) {
  const random = createRandom(seed);
  const sizes = new Map();
  for (const cluster of clusters) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  const rows = Array.from({ length: count }, () => []);
  const clustersOf = new Map();
  for (const [name, share] of SHARES) {
    for (let row = 0; row < count; row += 1) if (random.next() < share) rows[row].push(`any/${name}`);
    const chosen = new Set();
    let left = Math.max(20, Math.round(share * count));
    for (const [cluster, size] of random.shuffle([...sizes])) {
      // The last one is too large a cluster for a rare tag: only a part of it has the tag then.
      if (left <= 0) break;
      if (size > left * 1.2 && chosen.size > 0) continue;
      chosen.add(cluster);
      left -= size;
      if (share >= 0.001 && size <= left + size * 1.2) continue;
      break;
    }
    let quota = Math.max(20, Math.round(share * count));
    for (let row = 0; row < count && (share >= 0.001 || quota > 0); row += 1) {
      if (!chosen.has(clusters[row])) continue;
      rows[row].push(`near/${name}`);
      quota -= 1;
    }
    clustersOf.set(`near/${name}`, chosen);
  }
  return { rows, clustersOf };
}

/**
 * A library with search over it: every part is real but the model, whose place `textVectors` takes. Filled when it is not there yet.
 * @returns what {@link makeVectors} made, `tagIds`, `clustersOf`, `search`, `embedding`, `model`, `viewer`, `textVectors`, `random`
 */
export async function openLibrary(database, { slug, rows, dimensions, seed }) {
  const textVectors = new Map();
  const info = {
    modelId: 'bench',
    revision: `bench-${dimensions}`,
    dimensions,
    modelType: 'clip',
    logitScale: 100,
    logitBias: null,
    contextLength: 77,
  };
  const embedTexts = async (texts) => texts.map((text) => ({ vector: textVectors.get(text), tokenCount: 3, truncated: false }));
  const embedding = await EmbeddingService.create(database, EmbedderPool.of({ info, embedTexts }));
  const model = await registerModel(database, info);
  const compliance = new ComplianceService(database, embedding);
  const tags = new TagService(database, { afterChange: async () => undefined });
  const filters = new FilterService(embedding, tags, compliance);
  const calibration = new CalibrationService(database, embedding);
  // Nothing here searches by upload.
  const reader = new QueryReader({ database, calibration, uploads: {}, files: {}, media: {} });
  const search = new SearchService(database, embedding, filters, calibration, reader);
  const library = await fillLibrary(database, model, slug, rows, seed);
  const { next } = createRandom(seed + 3);
  const viewer = { organizationId: library.organizationId, apiKeyId: library.organizationId, apiKeyName: 'benchmark', role: 'ADMIN' };
  return { ...library, search, filters, embedding, model, viewer, textVectors, random: next, shares: SHARES };
}

/**
 * An organisation of `count` pictures. Row n (from 0) is the asset `md5('asset' || slug || n)`.
 * @param database the open database
 * @param model its registered model revision
 * @returns organizationId, what {@link makeVectors} made, `tags` (names by row), and `clustersOf`
 */
export async function fillLibrary(database, model, slug, count, seed) {
  const made = makeVectors(count, model.dimensions, seed);
  const { rows: tags, clustersOf } = assignTags(made, count, seed + 2);
  const known = await database.asSystem((tx) => tx.query(sql`SELECT id FROM organization WHERE slug = ${slug}`));
  if (known.length > 0) {
    const organizationId = known[0].id;
    const rows = await database.asOrganization(organizationId, (tx) => tx.query(sql`SELECT id, name FROM tag`));
    return { organizationId, tags, tagIds: new Map(rows.map((row) => [row.name, row.id])), clustersOf, ...made };
  }
  const organizationId = await database.asSystem(
    async (tx) => (await tx.query(sql`INSERT INTO organization (slug, name) VALUES (${slug}, ${slug}) RETURNING id`))[0].id,
  );
  const organization = sql`${organizationId}::uuid`;
  // What triggers keep (history, full text) is not searched here, and would take most of the time.
  for (const table of FILLED) await database.asOwner(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  const tagIds = await database.asOrganization(organizationId, async (tx) => {
    const rows = await tx.query(
      sql`INSERT INTO tag (organization_id, name) VALUES ${join(NAMES.map((name) => sql`(${organization}, ${name})`))} RETURNING id, name`,
    );
    return new Map(rows.map((row) => [row.name, row.id]));
  });
  const literal = (row) =>
    `{${tags[row]
      .map((name) => tagIds.get(name))
      .sort((a, b) => a - b)
      .join(',')}}`;
  const CHUNK = 500;
  for (let from = 0; from < count; from += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => from + index);
    const source = sql`unnest(${numbers}::int[], ${numbers.map(literal)}::text[]) AS u (g, tags)`;
    const id = (kind) => sql`md5(${kind + slug}::text || g)::uuid`;
    await database.asOrganization(organizationId, async (tx) => {
      await tx.execute(sql`
        INSERT INTO asset (organization_id, id, title, current_version_id, kind, media_type, file_name, byte_size, width, height, tag_ids)
        SELECT ${organization}, ${id('asset')}, 'asset ' || g, ${id('version')}, 'IMAGE', 'image/png', g || '.png', 1000 + g, 640 + g % 1000, 480,
          tags::int[] FROM ${source}`);
      await tx.execute(sql`
        INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind, width, height)
        SELECT ${organization}, ${id('version')}, ${id('asset')}, 1, md5(${slug}::text || g) || md5('y' || g), 1000, g || '.png', 'image/png', 'IMAGE',
          640, 480 FROM ${source}`);
      const vectors = numbers.map((row) => sql`(${row}::int, ${literal(row)}::int[], ${toHalfvecBinary(made.row(row))}::halfvec)`);
      await tx.execute(sql`
        INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, kind, tag_ids, created_at, vector)
        SELECT ${organization}, ${model.id}::int, ${id('version')}, ${id('asset')}, 'IMAGE', u.tags, now(), u.vector
        FROM (VALUES ${join(vectors)}) AS u (g, tags, vector)`);
    });
    // Now and then: the plans of foreign key checks, made when the tables were all but empty, are made anew.
    if (from % 10_000 === 0) await analyze(database);
  }
  for (const table of FILLED) await database.asOwner(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  await analyze(database);
  return { organizationId, tags, tagIds, clustersOf, ...made };
}

async function analyze(database) {
  for (const table of FILLED) await database.asOwner(`VACUUM ANALYZE ${table}`);
}
