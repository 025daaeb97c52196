import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { PLACEMENTS, placementOf } from './logo.js';
import { findingColumns, type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

/** Repeats from which a watermark counts as laid all over the picture. */
const TILED_FROM = 3;

const share = z.number().gt(0).max(1).nullable().default(null);
const confidence = z.number().min(0.4).max(1);

const parameters = z
  .strictObject({
    presence: z
      .enum(['REQUIRED', 'FORBIDDEN'])
      .default('FORBIDDEN')
      .describe('Whether the watermark has to be in the picture, or must not be.'),
    marks: z
      .array(z.string().trim().min(1).max(200))
      .max(8)
      .default([])
      .describe('Names of the brand’s marks of the role `WATERMARK`; empty: any of them. Of several that are required one is enough.'),
    whenAbsent: z
      .enum(['FAIL', 'NEEDS_REVIEW'])
      .default('NEEDS_REVIEW')
      .describe('What a required watermark that was not found means. Faint ones are missed on busy grounds, so a person should look.'),
    arrangement: z
      .enum(['ANY', 'SINGLE', 'TILED'])
      .default('ANY')
      .describe('How a required watermark has to be laid: once or twice, or three times and more.'),
    placements: z
      .array(z.enum(PLACEMENTS))
      .max(9)
      .default([])
      .describe('Thirds of the picture in which the middle of a required watermark may lie; empty: anywhere.'),
    minWidthShare: share.describe('Least width of a required watermark (of one repeat) as a share (0 to 1) of the picture.'),
    minOpacity: share.describe('Least opacity of a required watermark, 0 to 1.'),
    maxOpacity: share.describe('Greatest opacity of a required watermark, 0 to 1.'),
    sureAt: confidence.default(0.62).describe('Confidence (0.4 to 1) from which a sighting counts without a person looking.'),
    reviewAt: confidence.default(0.42).describe('Confidence (0.4 to 1) from which a person should look; what is below does not count.'),
  })
  .superRefine((value, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (value.reviewAt > value.sureAt) fault('reviewAt', 'must not be greater than sureAt');
    if (value.minOpacity !== null && value.maxOpacity !== null && value.minOpacity > value.maxOpacity)
      fault('minOpacity', 'must not be greater than maxOpacity');
    if (value.arrangement === 'TILED' && value.placements.length > 0) fault('placements', 'does not go with the arrangement TILED');
    if (new Set(value.marks).size < value.marks.length) fault('marks', 'names a mark twice');
    if (value.presence === 'REQUIRED') return;
    const idle = { arrangement: value.arrangement !== 'ANY', placements: value.placements.length > 0 };
    for (const [name, given] of Object.entries({ ...idle, ...onlyGiven(value) }))
      if (given) fault(name, 'is only for a watermark that is REQUIRED');
  });

function onlyGiven({ minWidthShare, minOpacity, maxOpacity }: Record<string, unknown>): Record<string, boolean> {
  return { minWidthShare: minWidthShare !== null, minOpacity: minOpacity !== null, maxOpacity: maxOpacity !== null };
}

/**
 * A watermark that the user gave, where engines/mark-finding/watermark-finder.ts found it. Documents: NOT_APPLICABLE; brands without the watermark, and
 * pictures not searched for the present marks yet: NOT_EVALUATED.
 */
export const watermark: RuleModule = {
  kind: 'WATERMARK',
  description:
    'A watermark is in the picture, or is not: faint, once or repeated all over it. It is given with `brandMarkCreate` and the role `WATERMARK`. Does not apply to documents and videos.',
  parameters,
  marks: (value) => (value.marks as string[]).map((name, index) => ({ field: `marks[${index}]`, name, role: 'WATERMARK' })),
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  const number = (name: string): Sql => sql`(t.parameters ->> ${name})::float8`;
  return sql`
    WITH target AS MATERIALIZED (${selectTargets('WATERMARK', scope)}),
    wanted AS MATERIALIZED (
      SELECT r.rule_id, r.brand_id, marks_revision(${organizationId}, r.brand_id) AS revision, m.ids, m.names
      FROM (SELECT DISTINCT rule_id, brand_id, parameters -> 'marks' AS marks FROM target) r
      CROSS JOIN LATERAL (SELECT array_agg(m.id) AS ids, string_agg(format('“%s”', m.name), ' or ' ORDER BY m.name) AS names FROM brand_mark m
        WHERE m.organization_id = ${organizationId} AND m.brand_id = r.brand_id AND m.role = 'WATERMARK' AND (r.marks = '[]' OR r.marks ? m.name)) m
    ),
    sighting AS (
      SELECT t.rule_id, t.version_id, m.name, s.position, s.confidence, s.boxes, s.opacity, jsonb_array_length(s.boxes) AS repeats,
        s.confidence >= ${number('sureAt')} AS sure, s.width_px / t.width AS width_share, p.placement,
        CASE WHEN t.parameters ->> 'presence' = 'REQUIRED' THEN array_remove(ARRAY[
          CASE WHEN s.width_px / t.width < ${number('minWidthShare')} THEN 'TOO_SMALL' END,
          CASE WHEN s.opacity < ${number('minOpacity')} THEN 'TOO_FAINT' END,
          CASE WHEN s.opacity > ${number('maxOpacity')} THEN 'TOO_STRONG' END,
          CASE WHEN t.parameters ->> 'arrangement' = 'SINGLE' AND jsonb_array_length(s.boxes) >= ${TILED_FROM} THEN 'TILED' END,
          CASE WHEN jsonb_array_length(t.parameters -> 'placements') > 0 AND NOT t.parameters -> 'placements' ? p.placement THEN 'MISPLACED' END
        ], NULL) ELSE '{}' END AS faults,
        -- what a person has to look at although the mark is there
        t.parameters ->> 'presence' = 'REQUIRED' AND ((t.parameters ->> 'arrangement' = 'TILED' AND jsonb_array_length(s.boxes) < ${TILED_FROM})
          OR (s.opacity IS NULL AND (${number('minOpacity')} IS NOT NULL OR ${number('maxOpacity')} IS NOT NULL))) AS unclear
      FROM target t JOIN wanted w ON w.rule_id = t.rule_id
      JOIN mark_scan scan ON scan.organization_id = ${organizationId} AND scan.version_id = t.version_id AND scan.brand_id = t.brand_id
        AND scan.marks_revision = w.revision
      JOIN mark_sighting s ON s.organization_id = ${organizationId} AND s.version_id = t.version_id AND s.brand_id = t.brand_id
        AND s.mark_id = ANY(w.ids) AND s.confidence >= ${number('reviewAt')}
      JOIN brand_mark m ON m.organization_id = ${organizationId} AND m.id = s.mark_id
      CROSS JOIN LATERAL (SELECT ${placementOf} AS placement) p
    ),
    seen AS (
      SELECT rule_id, version_id, bool_or(sure) AS sure, bool_or(sure AND faults = '{}' AND NOT unclear) AS right,
        bool_and(NOT sure OR cardinality(faults) > 0) AS faulty, max(confidence) AS confidence,
        (array_agg(name ORDER BY confidence DESC, position))[1] AS name,
        jsonb_agg(jsonb_strip_nulls(jsonb_build_object('mark', name, 'confidence', round(confidence::numeric, 3), 'repeats', repeats,
          'opacity', round(opacity::numeric, 2), 'widthShare', round(width_share::numeric, 3), 'placement', placement, 'faults', to_jsonb(faults)))
          ORDER BY confidence DESC, position) AS sightings,
        (SELECT string_agg(DISTINCT x, ', ') FROM unnest(array_agg(array_to_string(faults, ', '))) x WHERE x <> '') AS faults
      FROM sighting GROUP BY rule_id, version_id
    ),
    place AS (
      SELECT s.rule_id, s.version_id, jsonb_agg(jsonb_build_object('mark', s.name, 'left', round((b.box ->> 'left')::numeric, 4), 'top',
        round((b.box ->> 'top')::numeric, 4), 'width', round((b.box ->> 'width')::numeric, 4), 'height', round((b.box ->> 'height')::numeric, 4))
        ORDER BY s.confidence DESC, s.position, b.n) AS boxes
      FROM sighting s CROSS JOIN LATERAL jsonb_array_elements(s.boxes) WITH ORDINALITY AS b (box, n) GROUP BY s.rule_id, s.version_id
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.sightings IS NOT NULL THEN jsonb_build_object('confidence', round(t.confidence::numeric, 3), 'sightings',
        jsonb_array_length(t.sightings)) END`,
      required: sql`t.parameters`,
      evidence: sql`CASE WHEN t.sightings IS NOT NULL THEN jsonb_build_object('sightings', t.sightings, 'boxes', t.boxes) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN 'Watermarks are looked for in pictures only.'
        WHEN 'NOT_EVALUATED' THEN CASE
          WHEN t.ids IS NULL THEN 'The brand has no such watermark. Name one with brandMarkCreate and the role WATERMARK.'
          WHEN t.error_code IS NOT NULL THEN format('The picture could not be searched for watermarks (%s).', t.error_code)
          ELSE 'The picture has not been searched for the present marks yet.' END
        WHEN 'PASS' THEN CASE WHEN t.sightings IS NULL THEN 'No such watermark was found.' ELSE format('The watermark “%s” is as it should be.', t.name) END
        ELSE CASE
          WHEN t.sightings IS NULL THEN format('The watermark %s was not found.', t.names)
          WHEN t.parameters ->> 'presence' = 'FORBIDDEN' THEN CASE WHEN t.sure THEN format('The watermark “%s” is in the picture.', t.name)
            ELSE format('The watermark “%s” may be in the picture. A person should look.', t.name) END
          WHEN t.faults IS NOT NULL THEN format('The watermark is not as it should be: %s.', t.faults)
          ELSE format('The watermark “%s” was found, but not surely, not repeated, or its opacity cannot be told. A person should look.', t.name) END END`,
    })}
    FROM (
      SELECT target.*, w.ids, w.names, scan.error_code, seen.sightings, seen.confidence, seen.name, seen.sure, seen.faults, place.boxes, CASE
        WHEN target.asset_kind <> 'IMAGE' THEN 'NOT_APPLICABLE'
        WHEN w.ids IS NULL OR scan.version_id IS NULL OR scan.error_code IS NOT NULL THEN 'NOT_EVALUATED'
        WHEN target.parameters ->> 'presence' = 'FORBIDDEN' THEN
          CASE WHEN seen.sure THEN 'FAIL' WHEN seen.sightings IS NOT NULL THEN 'NEEDS_REVIEW' ELSE 'PASS' END
        WHEN seen.sightings IS NULL THEN target.parameters ->> 'whenAbsent'
        WHEN seen.right THEN 'PASS' WHEN seen.sure AND seen.faulty THEN 'FAIL' ELSE 'NEEDS_REVIEW' END AS verdict
      FROM target JOIN wanted w ON w.rule_id = target.rule_id
      LEFT JOIN mark_scan scan ON scan.organization_id = ${organizationId} AND scan.version_id = target.version_id
        AND scan.brand_id = target.brand_id AND scan.marks_revision = w.revision
      LEFT JOIN seen ON seen.rule_id = target.rule_id AND seen.version_id = target.version_id
      LEFT JOIN place ON place.rule_id = target.rule_id AND place.version_id = target.version_id
    ) t`;
}
