import { z } from 'zod';
import { type Sql, sql } from '../../database/sql.js';
import { findingColumns, type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

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
  return sql`
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.twin_id IS NOT NULL THEN jsonb_build_object('distanceBits', t.distance) END`,
      required: sql`jsonb_build_object('maxDistanceBits', (t.parameters ->> 'maxDistance')::int)`,
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
      SELECT target.*, twin.id AS twin_id, twin.external_id AS twin_external_id, twin.title AS twin_title, twin.distance,
        nullif(btrim(target.metadata ->> (target.parameters ->> 'supersededKey')), '') AS heir, CASE
          WHEN nullif(btrim(target.metadata ->> (target.parameters ->> 'supersededKey')), '') IS NOT NULL THEN 'FAIL'
          WHEN target.asset_kind = 'DOCUMENT' THEN 'NOT_APPLICABLE'
          WHEN target.perceptual_hash IS NULL THEN 'NOT_EVALUATED'
          WHEN twin.id IS NOT NULL THEN 'FAIL' ELSE 'PASS' END AS verdict
      FROM (${selectTargets('DUPLICATE', scope)}) target
      LEFT JOIN LATERAL (
        SELECT b.id, b.external_id, b.title, bit_count(('x' || c.perceptual_hash)::bit(64) # ('x' || target.perceptual_hash)::bit(64)) AS distance
        FROM (
          -- of five bands each differing bit spoils one at most: most likenesses by chance share one band and are left out before they are looked up
          SELECT other.version_id FROM version_hash_band own
          JOIN version_hash_band other ON other.organization_id = ${organizationId} AND other.band = own.band AND other.key = own.key
          WHERE own.organization_id = ${organizationId} AND own.version_id = target.version_id
          GROUP BY other.version_id HAVING count(*) >= 5 - (target.parameters ->> 'maxDistance')::int
        ) near
        JOIN asset_version c ON c.organization_id = ${organizationId} AND c.id = near.version_id
        JOIN asset b ON b.organization_id = ${organizationId} AND b.id = c.asset_id AND b.current_version_id = c.id
        WHERE target.asset_kind = 'IMAGE' AND (b.created_at, b.id) < (target.created_at, target.asset_id)
          AND (b.brand_id = target.brand_id OR NOT (target.parameters ->> 'sameBrandOnly')::boolean)
          AND bit_count(('x' || c.perceptual_hash)::bit(64) # ('x' || target.perceptual_hash)::bit(64)) <= (target.parameters ->> 'maxDistance')::int
          -- half of the bits are set in a picture with detail; few in plain ones and in stripes, which then all look alike
          AND (bit_count(('x' || target.perceptual_hash)::bit(64)) >= ${MIN_BITS}::int OR c.pixel_hash = target.pixel_hash)
        ORDER BY b.created_at, b.id LIMIT 1
      ) twin ON TRUE
    ) t`;
}
