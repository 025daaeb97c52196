import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { findingColumns, type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

/** Thirds of a picture, row by row. */
export const PLACEMENTS = [
  ...['TOP_LEFT', 'TOP', 'TOP_RIGHT'],
  ...['LEFT', 'CENTER', 'RIGHT'],
  ...['BOTTOM_LEFT', 'BOTTOM', 'BOTTOM_RIGHT'],
] as const;

/** In which of {@link PLACEMENTS} the middle of a sighting `s` lies. */
export const placementOf = sql`(${[...PLACEMENTS]}::text[])[
  1 + least(2, floor((s.box_left + s.box_width / 2) * 3)::int) + 3 * least(2, floor((s.box_top + s.box_height / 2) * 3)::int)]`;

const parameters = z.strictObject({
  presence: z.enum(['REQUIRED', 'OPTIONAL']).default('REQUIRED').describe('Whether one of the approved marks has to be in the picture.'),
  whenAbsent: z
    .enum(['FAIL', 'NEEDS_REVIEW'])
    .default('NEEDS_REVIEW')
    .describe(
      'What a required mark that was not found means. On busy grounds marks are missed, so a person should look unless the pictures are plain.',
    ),
  minWidthPx: z.number().min(1).max(100_000).nullable().default(null).describe('Least width of the mark in pixels of the file.'),
  minWidthShare: z.number().gt(0).max(1).nullable().default(null).describe('Least width of the mark as a share (0 to 1) of the picture.'),
  minClearSpace: z
    .number()
    .min(0)
    .max(1.5)
    .nullable()
    .default(null)
    .describe(
      'Plain space around the mark, in heights of the mark, up to the nearest content or edge. On a busy ground it goes to review.',
    ),
  maxRotationDeg: z.number().min(0).max(180).nullable().default(3).describe('Most degrees that the mark may be turned; null: any.'),
  maxStretch: z
    .number()
    .min(1)
    .max(2)
    .nullable()
    .default(1.04)
    .describe('Most that width against height may differ from the mark’s own, as a factor; null: any.'),
  maxColorDifference: z
    .number()
    .min(0)
    .max(100)
    .nullable()
    .default(10)
    .describe('Most difference (CIEDE2000) of each of the mark’s colours from what it should be; null: any colour.'),
  placements: z
    .array(z.enum(PLACEMENTS))
    .max(9)
    .default([])
    .describe('Thirds of the picture in which the middle of the mark may lie; empty: anywhere.'),
  sureAt: z.number().min(0.5).max(1).default(0.8).describe('Confidence (0 to 1) from which a sighting counts without a person looking.'),
});

/**
 * The brand's mark, where engines/mark-finding/mark-finder.ts found it: present, not an old or wrong one, large enough, with clear space, upright,
 * undistorted, in its colours, in its place. Every sighting of an approved mark has to comply. Documents: NOT_APPLICABLE; brands without
 * marks, and pictures not searched for the present marks yet: NOT_EVALUATED.
 */
export const logo: RuleModule = {
  kind: 'LOGO',
  description:
    'The brand’s mark is in the picture and as it should be: no wrong or old mark, large enough, clear space around it, upright, undistorted, in its colours and in its place. Marks are given with `brandMarkCreate`. Does not apply to documents and videos.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  const number = (name: string): Sql => sql`(t.parameters ->> ${name})::float8`;
  return sql`
    WITH target AS MATERIALIZED (${selectTargets('LOGO', scope)}),
    mark_set AS MATERIALIZED (
      SELECT b.brand_id, CASE WHEN EXISTS (SELECT 1 FROM brand_mark m WHERE m.organization_id = ${organizationId} AND m.brand_id = b.brand_id
        AND m.role <> 'WATERMARK') THEN marks_revision(${organizationId}, b.brand_id) END AS revision
      FROM (SELECT DISTINCT brand_id FROM target) b
    ),
    sighting AS (
      SELECT t.rule_id, t.version_id, m.role, m.name, s.confidence, s.position, s.box_left, s.box_top, s.box_width, s.box_height,
        array_remove(ARRAY[
          CASE WHEN m.role = 'WRONG' THEN 'WRONG_MARK' END,
          CASE WHEN s.width_px < ${number('minWidthPx')} OR s.width_px / t.width < ${number('minWidthShare')} THEN 'TOO_SMALL' END,
          CASE WHEN s.clear_space < ${number('minClearSpace')} THEN 'CLEAR_SPACE' END,
          CASE WHEN abs(s.rotation_deg) > ${number('maxRotationDeg')} THEN 'TURNED' END,
          CASE WHEN greatest(s.stretch, 1 / s.stretch) > ${number('maxStretch')} THEN 'DISTORTED' END,
          CASE WHEN c.difference > ${number('maxColorDifference')} THEN 'RECOLORED' END,
          CASE WHEN jsonb_array_length(t.parameters -> 'placements') > 0 AND NOT t.parameters -> 'placements' ? p.placement THEN 'MISPLACED' END
        ], NULL) AS faults,
        s.confidence < ${number('sureAt')} OR (s.clear_space IS NULL AND ${number('minClearSpace')} IS NOT NULL) AS unsure,
        jsonb_build_object('mark', m.name, 'confidence', round(s.confidence::numeric, 3), 'widthPx', round(s.width_px), 'rotationDeg',
          round(s.rotation_deg::numeric, 1), 'stretch', round(s.stretch::numeric, 3), 'clearSpace', round(s.clear_space::numeric, 2), 'colorDifference',
          round(c.difference::numeric, 1), 'placement', p.placement, 'box', jsonb_build_object('left', round(s.box_left::numeric, 4), 'top',
          round(s.box_top::numeric, 4), 'width', round(s.box_width::numeric, 4), 'height', round(s.box_height::numeric, 4)), 'colors', s.colors) AS facts
      FROM target t JOIN mark_sighting s ON s.organization_id = ${organizationId} AND s.version_id = t.version_id AND s.brand_id = t.brand_id
      JOIN brand_mark m ON m.organization_id = ${organizationId} AND m.id = s.mark_id AND m.role <> 'WATERMARK'
      CROSS JOIN LATERAL (SELECT max(ciede2000(e.lab[1], e.lab[2], e.lab[3], f.lab[1], f.lab[2], f.lab[3])) AS difference
        FROM jsonb_array_elements(s.colors) color CROSS JOIN LATERAL (SELECT lab_of_hex(color ->> 'expected') AS lab) e
        CROSS JOIN LATERAL (SELECT lab_of_hex(color ->> 'measured') AS lab) f) c
      CROSS JOIN LATERAL (SELECT ${placementOf} AS placement) p
    ),
    seen AS (
      SELECT rule_id, version_id, count(*) FILTER (WHERE role = 'APPROVED') AS approved,
        bool_or(cardinality(faults) > 0 AND NOT unsure) AS faulty, bool_or(unsure) AS unsure,
        jsonb_agg(facts || jsonb_build_object('faults', to_jsonb(faults)) ORDER BY position) AS sightings,
        (SELECT string_agg(DISTINCT x, ', ') FROM unnest(array_agg(array_to_string(faults, ', '))) x WHERE x <> '') AS faults
      FROM sighting GROUP BY rule_id, version_id
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.sightings IS NOT NULL THEN jsonb_build_object('approvedMarks', t.approved, 'sightings', jsonb_array_length(t.sightings)) END`,
      required: sql`t.parameters`,
      evidence: sql`CASE WHEN t.sightings IS NOT NULL THEN jsonb_build_object('sightings', t.sightings) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN 'Marks are looked for in pictures only.'
        WHEN 'NOT_EVALUATED' THEN CASE WHEN t.revision IS NULL THEN 'The brand has no marks. Name one with brandMarkCreate.'
          WHEN t.error_code IS NOT NULL THEN format('The picture could not be searched for marks (%s).', t.error_code)
          ELSE 'The picture has not been searched for the present marks yet.' END
        WHEN 'PASS' THEN CASE WHEN coalesce(t.approved, 0) = 0 THEN 'No mark is in the picture, and none is required.' ELSE 'The mark is as it should be.' END
        ELSE CASE WHEN t.faults IS NOT NULL THEN format('The mark is not as it should be: %s. See where and how in the evidence.', t.faults)
          WHEN coalesce(t.approved, 0) = 0 AND t.parameters ->> 'presence' = 'REQUIRED' THEN 'No approved mark of the brand was found in the picture.'
          ELSE 'A mark was found, but not surely, or its clear space cannot be measured on this ground.' END END`,
    })}
    FROM (
      SELECT target.*, w.revision, scan.error_code, seen.approved, seen.sightings, seen.faults, CASE
        WHEN target.asset_kind <> 'IMAGE' THEN 'NOT_APPLICABLE'
        WHEN w.revision IS NULL OR scan.version_id IS NULL OR scan.error_code IS NOT NULL THEN 'NOT_EVALUATED'
        WHEN seen.faulty THEN 'FAIL'
        WHEN coalesce(seen.approved, 0) = 0 AND target.parameters ->> 'presence' = 'REQUIRED' THEN
          CASE WHEN seen.unsure THEN 'NEEDS_REVIEW' ELSE target.parameters ->> 'whenAbsent' END
        WHEN seen.unsure THEN 'NEEDS_REVIEW' ELSE 'PASS' END AS verdict
      FROM target JOIN mark_set w ON w.brand_id = target.brand_id
      LEFT JOIN mark_scan scan ON scan.organization_id = ${organizationId} AND scan.version_id = target.version_id
        AND scan.brand_id = target.brand_id AND scan.marks_revision = w.revision
      LEFT JOIN seen ON seen.rule_id = target.rule_id AND seen.version_id = target.version_id AND scan.version_id IS NOT NULL
    ) t`;
}
