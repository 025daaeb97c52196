// A library for bench/compliance.js: assets, facts, colours and vectors drawn in SQL from one seed, and 25 rules over all of them.
import { sql } from '../../dist/platform/database/sql.js';

const CHUNK = 10_000;
export const DIMENSIONS = 256;
const BASES = 400;

// Of version 4, as those of the program are: cursors take no others.
const id = (kind) => sql`overlay(overlay(md5(${kind} || g) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid`;
const pick = (values) => sql`(${values}::text[])[1 + floor(random() * ${values.length})::int]`;

/** Random vectors by name, which assets and prompts are sums of. */
async function writeBases(tx) {
  await tx.query(sql`SELECT setseed(0.3)`);
  await tx.execute(sql`
    CREATE TEMPORARY TABLE base ON COMMIT PRESERVE ROWS AS
    SELECT n, (SELECT array_agg(random() - 0.5) FROM generate_series(1, ${DIMENSIONS}::int) d WHERE n >= 0)::real[]::vector::halfvec AS vector
    FROM generate_series(0, ${BASES - 1}) n`);
}

/** `count` pictures of one brand, in one organisation. */
export async function fillLibrary(database, organizationId, brandId, model, count) {
  const organization = sql`${organizationId}::uuid`;
  for (let from = 1; from <= count; from += CHUNK) {
    const rows = sql`generate_series(${from}::int, ${Math.min(count, from + CHUNK - 1)}::int) AS g`;
    await database.asOrganization(organizationId, async (tx) => {
      await writeBases(tx);
      await tx.query(sql`SELECT setseed(${from / count / 2}::float8)`);
      await tx.execute(sql`
        INSERT INTO asset (organization_id, id, external_id, title, description, alt_text, brand_id, rights_license, rights_starts_on, rights_expires_on, metadata,
          current_version_id, kind, media_type, file_name, byte_size, width, height, created_at)
        SELECT ${organization}, ${id('asset')}, 'external ' || g, 'Asset ' || g, 'A description of asset ' || g,
          CASE WHEN random() < 0.2 THEN NULL WHEN random() < 0.2 THEN 'IMG_' || g ELSE 'A red boat on a calm lake, seen from the shore ' || g END, ${brandId}::uuid,
          CASE WHEN random() < 0.8 THEN 'CC BY 4.0' END, date '2024-01-01' + floor(random() * 400)::int, date '2026-01-01' + floor(random() * 1500)::int,
          jsonb_build_object('photographer', ${pick(['Ada', 'Ben', 'Cleo'])}, 'season', ${pick(['spring', 'summer', 'autumn', 'winter', 'carnival'])},
            'rightsTerritories', ${pick(['DE, AT, CH', 'DE', 'worldwide'])}, 'rightsChannels', ${pick(['web, print', 'web', 'print'])}),
          ${id('version')}, 'IMAGE', ${pick(['image/jpeg', 'image/png', 'image/webp', 'image/tiff'])}, g || '.jpg', 20000 + floor(random() * 8e6)::bigint,
          300 + floor(random() * 4000)::int, 300 + floor(random() * 4000)::int, now() - interval '1 second' * (${count} - g) FROM ${rows}`);
      await tx.execute(sql`
        INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind, width, height, has_alpha, color_space,
          bit_depth, sharpness, exposure, perceptual_hash, pixel_hash, facts_revision, has_icc_profile, icc_profile, shadow_share, highlight_share,
          luminance_grid, digital_source_type)
        SELECT ${organization}, ${id('version')}, a.id, 1, md5('x' || g) || md5('y' || g), a.byte_size, a.file_name, a.media_type, 'IMAGE', a.width, a.height,
          random() < 0.2, ${pick(['srgb', 'srgb', 'srgb', 'cmyk', 'b-w'])}, 8, random() * 400, random(), substr(md5('hash' || g % ${Math.ceil(count * 0.99)}), 1, 16),
          md5('pixels' || g), 2, random() < 0.7, 'sRGB IEC61966-2.1', random() * 0.3, random() * 0.3,
          (SELECT string_agg(decode(lpad(to_hex(floor(random() * 120)::int), 2, '0') || lpad(to_hex(120 + floor(random() * 130)::int), 2, '0'), 'hex'), '')
            FROM generate_series(1, 256) c WHERE g > 0),
          CASE WHEN random() < 0.3 THEN ${pick(['digitalCapture', 'trainedAlgorithmicMedia', 'humanEdits'])} END
        FROM ${rows} JOIN asset a ON a.organization_id = ${organization} AND a.id = ${id('asset')}`);
      await tx.execute(sql`
        INSERT INTO version_hash_band (organization_id, version_id, band, key)
        SELECT ${organization}, v.id, b, hash_band_key(v.perceptual_hash, b) FROM ${rows} JOIN asset_version v ON v.organization_id = ${organization} AND v.id = ${id('version')},
          generate_series(0, 4) b`);
      // Six colours a picture, some of them near the palette.
      await tx.execute(sql`
        INSERT INTO version_color (organization_id, version_id, position, hex, lab_l, lab_a, lab_b, share)
        SELECT ${organization}, ${id('version')}, c.position, c.hex, l.lab[1], l.lab[2], l.lab[3], c.share FROM ${rows}
        CROSS JOIN LATERAL (SELECT position, '#' || lpad(to_hex(floor(random() * 16777215)::int), 6, '0') AS hex, (ARRAY[0.4, 0.25, 0.15, 0.1, 0.06, 0.04])[position + 1] AS share
          FROM generate_series(0, 5) position WHERE g > 0) c CROSS JOIN LATERAL (SELECT lab_of_hex(c.hex) AS lab OFFSET 0) l`);
      await tx.execute(sql`
        INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, brand_id, kind, created_at, vector)
        SELECT ${organization}, ${model}::int, ${id('version')}, ${id('asset')}, ${brandId}::uuid, 'IMAGE', now(), l2_normalize(b.vector + c.vector)
        FROM ${rows} JOIN base b ON b.n = g % ${BASES} JOIN base c ON c.n = (g / ${BASES} * 7 + 13) % ${BASES}`);
      await tx.execute(sql`DROP TABLE base`);
    });
    process.stderr.write(`${from + CHUNK - 1} assets\r`);
  }
  for (const table of ['asset', 'asset_version', 'version_hash_band', 'version_color', 'asset_embedding'])
    await database.asOwner(`ANALYZE ${table}`);
}

/** Three tags an asset: one of half the library, one of twenty subjects, one of two thousand. */
export async function fillTags(database, organizationId, tags, count) {
  const names = [
    'subject/common',
    ...Array.from({ length: 20 }, (_, n) => `season/part-${n}`),
    ...Array.from({ length: 2000 }, (_, n) => `subject/rare-${n}`),
  ];
  await database.asOrganization(organizationId, async (tx) => {
    const ids = [...(await tags.resolveNames(tx, names)).values()];
    await tx.execute(sql`
      UPDATE asset a SET tag_ids = ARRAY(SELECT t FROM unnest(ARRAY[CASE WHEN g % 2 = 0 THEN (${ids}::int[])[1] END, (${ids}::int[])[2 + g % 20], (${ids}::int[])[22 + g % 2000]]) t WHERE t IS NOT NULL ORDER BY t)
      FROM generate_series(1, ${count}::int) g WHERE a.organization_id = ${organizationId}::uuid AND a.id = ${id('asset')}`);
    await tx.execute(sql`UPDATE asset_embedding e SET tag_ids = a.tag_ids FROM asset a WHERE e.organization_id = a.organization_id AND e.asset_id = a.id
      AND a.organization_id = ${organizationId}::uuid`);
  });
}

/** Vectors for texts: a base each, so that some assets are near. */
export function textVectors(database, modelId) {
  const made = new Map();
  return async (organizationId, texts) => {
    const missing = [...new Set(texts)].filter((text) => !made.has(text));
    await database.asOrganization(organizationId, async (tx) => {
      await writeBases(tx);
      for (const text of missing) {
        made.set(text, made.size % BASES);
        await tx.execute(sql`INSERT INTO text_embedding (organization_id, model_revision_id, text, vector)
          SELECT ${organizationId}::uuid, ${modelId}::int, ${text}, l2_normalize(vector) FROM base WHERE n = ${made.get(text)} ON CONFLICT DO NOTHING`);
      }
      await tx.execute(sql`DROP TABLE base`);
    });
  };
}

export const PALETTE = ['#d92b33', '#1d2d63', '#fbc928', '#2f8f4a', '#eddcba'].map((hex, index) => ({ name: `Colour ${index}`, hex }));
const COUNTERS = [
  'a drawing',
  'a photo',
  'an object',
  'a plain background',
  'a pattern of shapes',
  'a logo',
  'some text',
  'a dog',
  'a house',
  'a tree',
];
const concept = (name) => ({ name, prompts: [name, `a picture of ${name}`], counterPrompts: COUNTERS });

/** The 25 rules, all of them about all assets. */
export const RULES = [
  ['PALETTE', { minShare: 0.3 }],
  ['PALETTE', { minShare: 0.1, maxDeltaE: 5, neutralAllowance: 0.2 }],
  ['PALETTE', { minShare: 0, forbidden: [{ color: '#00ff00', maxDeltaE: 12 }] }],
  [
    'CONTRAST',
    {
      overlays: [{ name: 'headline', left: 0.1, top: 0.6, width: 0.8, height: 0.3, textColor: '#ffffff' }],
      minShare: 0.4,
      textBoxes: false,
    },
  ],
  ['MIN_RESOLUTION', { minWidthPx: 1200, minHeightPx: 800 }],
  ['MIN_RESOLUTION', { print: { widthMm: 148, heightMm: 210, bleedMm: 3, turned: true } }],
  ['ASPECT_RATIO', { presets: ['instagram-square', 'instagram-portrait', 'hero-16-9'], tolerance: 0.1 }],
  ['ASPECT_RATIO', { presets: ['a4-portrait', 'a4-landscape', 'photo-3-2'], tolerance: 0.2 }],
  ['FILE_FORMAT', { allowed: ['image/jpeg', 'image/png', 'image/webp'] }],
  ['BYTE_SIZE', { maxBytes: 5_000_000 }],
  ['BYTE_SIZE', { minBytes: 50_000 }],
  ['COLOR_ENCODING', { colorSpaces: ['srgb'], iccProfile: 'REQUIRED' }],
  ['COLOR_ENCODING', { alpha: 'FORBIDDEN', maxBits: 8 }],
  ['SHARPNESS', { minSharpness: 40, reviewBelow: 80 }],
  ['EXPOSURE', { minMean: 0.15, maxMean: 0.85, maxHighlightShare: 0.2 }],
  ['ALT_TEXT', {}],
  ['REQUIRED_METADATA', { fields: [{ key: 'photographer' }, { key: 'season', allowed: ['spring', 'summer', 'autumn', 'winter'] }] }],
  ['RIGHTS_EXPIRY', {}],
  ['RIGHTS_EXPIRY', { warnDays: 90, requireLicense: true }],
  ['USAGE_RIGHTS', { territories: ['de', 'at'], channels: ['web'] }],
  ['DUPLICATE', {}],
  ['AI_PROVENANCE', {}],
  ['PROHIBITED_CONTENT', { concepts: [concept('a cigarette'), concept('a gun')], failAt: 0.5, reviewAt: 0.2 }],
  ['REQUIRED_CONTENT', { concepts: [concept('a boat')] }],
  [
    'STYLE',
    {
      approved: Array.from({ length: 12 }, (_, n) => `external ${n + 1}`),
      rejected: Array.from({ length: 12 }, (_, n) => `external ${n + 21}`),
    },
  ],
];
