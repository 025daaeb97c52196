import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { findingColumns, type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

const share = z.number().min(0).max(1);
const count = z.int().min(0).max(1000);

const object = z
  .strictObject({
    class: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .describe('What is counted: one of the classes of the detector, as `objectDetector` lists them.'),
    min: count.optional().describe('Fewest of them; 1 requires it.'),
    max: count.optional().describe('Most of them; 0 forbids it.'),
    region: z
      .strictObject({ left: share, top: share, width: z.number().gt(0).max(1), height: z.number().gt(0).max(1) })
      .refine((value) => value.left + value.width <= 1 + 1e-9 && value.top + value.height <= 1 + 1e-9, {
        path: ['width'],
        message: 'a region that lies in the picture',
      })
      .optional()
      .describe('Only those whose middle lies here are counted, as shares of the picture.'),
  })
  .refine((value) => value.min !== undefined || value.max !== undefined, {
    path: ['min'],
    message: 'a whole number is needed, here or as max',
  })
  .refine((value) => (value.min ?? 0) <= (value.max ?? 1000), { path: ['min'], message: 'must not be greater than max' });

const parameters = z
  .strictObject({
    objects: z.array(object).min(1).max(50).describe('What is asked for; all of it has to be so.'),
    sureAt: z.number().gt(0).max(1).default(0.5).describe('Confidence (0 to 1) from which something counts without a person looking.'),
    reviewAt: z
      .number()
      .gt(0)
      .max(1)
      .default(0.35)
      .describe(
        'Confidence (0 to 1) from which a person should look, where it makes a difference. The detector’s own threshold is the least that has an effect.',
      ),
  })
  .refine((value) => value.reviewAt <= value.sureAt, { path: ['reviewAt'], message: 'must not be greater than sureAt' });

/**
 * What a detector has found: required, forbidden or counted, anywhere or in a region. Without a detector, with a class that it does not know,
 * and until the picture was searched: NOT_EVALUATED. Documents: NOT_APPLICABLE.
 */
export const detectedObjects: RuleModule = {
  kind: 'DETECTED_OBJECTS',
  description:
    'People, products or other things that a detector finds are there, are not there, or are so many. Needs a detector, which the operator adds (`vitrine detectors add`). Does not apply to documents.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  return sql`
    WITH target AS MATERIALIZED (${selectTargets('DETECTED_OBJECTS', scope)}),
    asked AS MATERIALIZED (
      SELECT r.rule_id, e.n, e.value ->> 'class' AS class, (e.value ->> 'min')::int AS least, (e.value ->> 'max')::int AS most, e.value -> 'region' AS region,
        (r.parameters ->> 'sureAt')::float8 AS sure_at, (r.parameters ->> 'reviewAt')::float8 AS review_at
      FROM (SELECT DISTINCT rule_id, parameters FROM target) r CROSS JOIN LATERAL jsonb_array_elements(r.parameters -> 'objects') WITH ORDINALITY AS e (value, n)
    ),
    counted AS (
      SELECT t.rule_id, t.version_id, q.n, q.class, q.least, q.most, c.sure, c.possible, c.boxes
      FROM target t JOIN asked q ON q.rule_id = t.rule_id
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE o.confidence >= q.sure_at) AS sure, count(*) AS possible,
          jsonb_agg(jsonb_build_object('name', o.class, 'confidence', round(o.confidence::numeric, 3), 'left', round(o.box_left::numeric, 4), 'top', round(o.box_top::numeric, 4),
            'right', round((o.box_left + o.box_width)::numeric, 4), 'bottom', round((o.box_top + o.box_height)::numeric, 4)) ORDER BY o.confidence DESC, o.position) AS boxes
        FROM detected_object o
        WHERE o.organization_id = ${organizationId} AND o.version_id = t.version_id AND o.class = q.class AND o.confidence >= q.review_at AND (q.region IS NULL
          OR o.box_left + o.box_width / 2 BETWEEN (q.region ->> 'left')::float8 AND (q.region ->> 'left')::float8 + (q.region ->> 'width')::float8
          AND o.box_top + o.box_height / 2 BETWEEN (q.region ->> 'top')::float8 AND (q.region ->> 'top')::float8 + (q.region ->> 'height')::float8)
      ) c
    ),
    seen AS (
      SELECT rule_id, version_id, bool_or(coalesce(sure > most, false) OR coalesce(possible < least, false)) AS broken,
        bool_or(coalesce(possible > most, false) OR coalesce(sure < least, false)) AS unsure,
        jsonb_object_agg(n || ' ' || class, jsonb_build_object('sure', sure, 'possible', possible)) AS counts,
        string_agg(CASE WHEN possible > most OR sure < least THEN format('%s of "%s" where %s', CASE WHEN sure = possible THEN sure::text ELSE format('%s to %s', sure, possible) END, class,
          CASE WHEN most = 0 THEN 'none is allowed' WHEN least = most THEN format('%s are asked for', least) WHEN most IS NULL THEN format('at least %s are asked for', least)
            WHEN least IS NULL THEN format('at most %s are allowed', most) ELSE format('%s to %s are asked for', least, most) END) END, '; ' ORDER BY n) AS faults,
        jsonb_path_query_array(jsonb_agg(coalesce(boxes, '[]') ORDER BY n), '$[*][*]') AS boxes
      FROM counted GROUP BY rule_id, version_id
    ),
    stranger AS (SELECT q.rule_id, string_agg(DISTINCT q.class, ', ') AS classes FROM asked q
      JOIN organization_detector d ON d.organization_id = ${organizationId} AND q.class <> ALL (d.classes) GROUP BY q.rule_id)
    SELECT ${findingColumns({
      verdict: sql`CASE WHEN t.outcome IN ('FAIL', 'NEEDS_REVIEW', 'PASS', 'NOT_APPLICABLE') THEN t.outcome ELSE 'NOT_EVALUATED' END`,
      measured: sql`CASE WHEN t.outcome IN ('FAIL', 'NEEDS_REVIEW', 'PASS') THEN jsonb_build_object('counts', t.counts, 'detector', t.detector_title, 'detectorRevision', t.detector_revision) END`,
      required: sql`t.parameters`,
      evidence: sql`CASE WHEN t.outcome IN ('FAIL', 'NEEDS_REVIEW', 'PASS') AND jsonb_array_length(t.boxes) > 0 THEN jsonb_build_object('boxes', t.boxes) END`,
      message: sql`CASE t.outcome
        WHEN 'NOT_APPLICABLE' THEN 'A document has no picture to search.'
        WHEN 'NO_DETECTOR' THEN 'There is no detector. The operator of this installation can add one (vitrine detectors add).'
        WHEN 'UNKNOWN_CLASS' THEN format('The detector %s does not know: %s. Name one of its classes, or choose another detector.', t.detector_title, t.unknown_classes)
        WHEN 'NOT_SEARCHED' THEN 'The picture has not been searched by the present detector yet.'
        WHEN 'UNREADABLE' THEN format('The picture could not be searched (%s).', t.error_code)
        WHEN 'PASS' THEN 'What the detector has found is as asked for.'
        WHEN 'NEEDS_REVIEW' THEN format('The detector is not sure: it finds %s. A person should look.', t.faults)
        ELSE format('The detector finds %s.', t.faults) END`,
    })}
    FROM (
      SELECT target.*, d.title AS detector_title, d.revision AS detector_revision, u.classes AS unknown_classes, s.error_code, seen.counts, seen.faults, seen.boxes, CASE
        WHEN target.asset_kind = 'DOCUMENT' THEN 'NOT_APPLICABLE'
        WHEN d.revision IS NULL THEN 'NO_DETECTOR'
        WHEN u.classes IS NOT NULL THEN 'UNKNOWN_CLASS'
        WHEN s.detector_revision IS DISTINCT FROM d.revision THEN 'NOT_SEARCHED'
        WHEN s.error_code IS NOT NULL THEN 'UNREADABLE'
        WHEN seen.broken THEN 'FAIL' WHEN seen.unsure THEN 'NEEDS_REVIEW' ELSE 'PASS' END AS outcome
      FROM target
      LEFT JOIN organization_detector d ON d.organization_id = ${organizationId}
      LEFT JOIN object_scan s ON s.organization_id = ${organizationId} AND s.version_id = target.version_id
      LEFT JOIN stranger u ON u.rule_id = target.rule_id
      LEFT JOIN seen ON seen.rule_id = target.rule_id AND seen.version_id = target.version_id
    ) t`;
}
