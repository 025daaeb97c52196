import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { findingColumns, type JudgeScope, type RuleModule, selectTargets, TARGET_KEYS } from './rule-module.js';
import { writtenText } from './written-text.js';

/** Bits of a hash that have to be set for it to tell pictures apart. */
const MIN_BITS = 16;

const parameters = z.strictObject({
  maxDistance: z
    .int()
    .min(0)
    .max(4)
    .default(3)
    .describe('Bits (of 64) in which the perceptual hashes of two pictures may differ and still be the same picture, 0 to 4.'),
  sameBrandOnly: z.boolean().default(true).describe('Whether only assets of the same brand are compared.'),
  supersededKey: z
    .string()
    .min(1)
    .max(100)
    .default('supersededBy')
    .describe('Metadata field that names the external id of the asset that has taken this one over.'),
});

/**
 * The picture is not in the library already, as an older asset, nor superseded. Of two alike the older one stays. Hashes of plain pictures
 * and of stripes say too little: they are compared pixel by pixel only. Documents: NOT_APPLICABLE, unless superseded.
 */
export const duplicate: RuleModule = {
  kind: 'DUPLICATE',
  description:
    'No older asset shows the same picture (perceptual hash), and no other asset has taken this one over. Of two alike, the younger one fails.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  const heir = sql`nullif(${writtenText(sql`t.metadata ->> (t.parameters ->> 'supersededKey')`)}, '')`;
  return sql`
    WITH target AS MATERIALIZED (
      SELECT ${TARGET_KEYS}, t.created_at, t.perceptual_hash, t.pixel_hash, ${heir} AS heir, (t.parameters ->> 'maxDistance')::int AS max_distance,
        (t.parameters ->> 'sameBrandOnly')::boolean AS same_brand_only
      FROM (${selectTargets('DUPLICATE', scope)}) t
    ),
    near AS MATERIALIZED (${scope.versionIds ? nearOfSome(organizationId) : nearOfAll(organizationId)}),
    twin AS MATERIALIZED (
      SELECT DISTINCT ON (t.version_id, t.rule_id) t.version_id, t.rule_id, b.id, b.external_id, b.title,
        bit_count(('x' || c.perceptual_hash)::bit(64) # ('x' || t.perceptual_hash)::bit(64)) AS distance
      FROM target t JOIN near ON near.own_id = t.version_id AND near.bands >= 5 - t.max_distance
      JOIN asset_version c ON c.organization_id = ${organizationId} AND c.id = near.other_id
      JOIN asset b ON b.organization_id = ${organizationId} AND b.id = c.asset_id AND b.current_version_id = c.id
      WHERE t.asset_kind = 'IMAGE' AND (b.created_at, b.id) < (t.created_at, t.asset_id) AND (b.brand_id = t.brand_id OR NOT t.same_brand_only)
        AND bit_count(('x' || c.perceptual_hash)::bit(64) # ('x' || t.perceptual_hash)::bit(64)) <= t.max_distance
        -- half of the bits are set in a picture with detail; few in plain ones and in stripes, which then all look alike
        AND (bit_count(('x' || t.perceptual_hash)::bit(64)) >= ${MIN_BITS}::int OR c.pixel_hash = t.pixel_hash)
      ORDER BY t.version_id, t.rule_id, b.created_at, b.id
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.twin_id IS NOT NULL THEN jsonb_build_object('distanceBits', t.distance) END`,
      required: sql`jsonb_build_object('maxDistanceBits', t.max_distance)`,
      evidence: sql`CASE WHEN t.heir IS NOT NULL THEN jsonb_build_object('supersededBy', t.heir) WHEN t.twin_id IS NOT NULL
        THEN jsonb_strip_nulls(jsonb_build_object('duplicateOf', t.twin_id, 'externalId', t.twin_external_id, 'title', t.twin_title)) END`,
      message: sql`CASE
        WHEN t.heir IS NOT NULL THEN format('This asset is superseded by "%s". Use that one.', t.heir)
        WHEN t.verdict = 'NOT_APPLICABLE' THEN 'Only pictures are compared.'
        WHEN t.verdict = 'NOT_EVALUATED' THEN 'This file has no perceptual hash.'
        WHEN t.twin_id IS NOT NULL THEN format('The same picture is in the library already, as "%s". Use that one and delete this.', t.twin_title)
        ELSE 'No older asset shows the same picture.' END`,
    })}
    FROM (
      SELECT target.*, twin.id AS twin_id, twin.external_id AS twin_external_id, twin.title AS twin_title, twin.distance, CASE
          WHEN target.heir IS NOT NULL THEN 'FAIL'
          WHEN target.asset_kind <> 'IMAGE' THEN 'NOT_APPLICABLE'
          WHEN target.perceptual_hash IS NULL THEN 'NOT_EVALUATED'
          WHEN twin.id IS NOT NULL THEN 'FAIL' ELSE 'PASS' END AS verdict
      FROM target LEFT JOIN twin ON twin.version_id = target.version_id AND twin.rule_id = target.rule_id
    ) t`;
}

/**
 * Versions that share bands of their hash with a target (own_id, other_id, bands). Of five bands each differing bit spoils one at most, so
 * that likenesses by chance, which mostly share one band, are left out before they are looked up.
 */
function nearOfSome(organizationId: Sql): Sql {
  return sql`
    SELECT own.version_id AS own_id, other.version_id AS other_id, count(*)::int AS bands
    FROM (SELECT version_id, max(max_distance) AS most FROM target GROUP BY version_id) t
    JOIN version_hash_band own ON own.organization_id = ${organizationId} AND own.version_id = t.version_id
    JOIN version_hash_band other ON other.organization_id = ${organizationId} AND other.band = own.band AND other.key = own.key
      AND other.version_id <> own.version_id
    GROUP BY own.version_id, other.version_id HAVING count(*) >= 5 - max(t.most)`;
}

/** Targets from which on {@link nearOfAll} goes through the whole library once. */
const MANY = 5_000;

/**
 * The same for many targets at once, where chance makes the likenesses of one band grow with the square of the library: pictures that
 * differ in three bits at most share two bands, and two bands together are hardly ever alike by chance. Rules that let four bits differ need
 * the single bands.
 */
function nearOfAll(organizationId: Sql): Sql {
  const many = sql`(SELECT count(*) >= ${MANY}::int AND max(max_distance) <= 3 FROM target)`;
  return sql`
    SELECT * FROM (${nearOfSome(organizationId)}) few WHERE NOT ${many}
    UNION ALL
    SELECT * FROM (
      WITH pair AS MATERIALIZED (
        SELECT one.version_id, one.band * 5 + two.band AS bands, one.key::bigint << 16 | two.key AS keys
        FROM version_hash_band one
        JOIN version_hash_band two ON two.organization_id = ${organizationId} AND two.version_id = one.version_id AND two.band > one.band
        WHERE one.organization_id = ${organizationId} AND ${many}
      )
      SELECT DISTINCT own.version_id, other.version_id, 5
      FROM pair own JOIN pair other ON other.bands = own.bands AND other.keys = own.keys AND other.version_id <> own.version_id
    ) many`;
}
