import { z } from 'zod';
import { FOREIGN_MESSAGE, selectForeign } from './concepts.js';
import { type Sql, sql } from '../../platform/database/sql.js';
import { findingColumns, type JudgeScope, type RuleModule, selectRules, selectTargets, TARGET_KEYS } from './rule-module.js';

const exemplars = z.array(z.string().trim().min(1).max(200)).max(200);
const cosine = z.number().min(-1).max(1);

const parameters = z
  .strictObject({
    approved: exemplars.min(1).describe('External ids of assets whose style is right.'),
    rejected: exemplars.default([]).describe('External ids of assets whose style is wrong.'),
    minSimilarity: cosine.default(-1).describe('Least cosine similarity (-1 to 1) to the nearest approved asset; depends on the model.'),
    passMargin: z
      .number()
      .min(-2)
      .max(2)
      .default(0.02)
      .describe('By how much the nearest approved asset has to be nearer (in cosine) than the nearest rejected one.'),
    failMargin: z
      .number()
      .min(-2)
      .max(2)
      .default(-0.02)
      .describe('Margin from which down the asset fails; in between a person should look.'),
  })
  .refine((value) => value.failMargin <= value.passMargin, { path: ['failMargin'], message: 'must not be greater than passMargin' })
  .superRefine((value, context) => {
    const both = value.rejected.findIndex((id) => value.approved.includes(id));
    if (both >= 0) context.addIssue({ code: 'custom', path: ['rejected', both], message: 'is approved by the same rule' });
  });

/**
 * Nearer to approved exemplars than to rejected ones, by cosine similarity of the whole pictures. Exemplars are judged too, each by
 * the others. With no rejected exemplars only `minSimilarity` decides.
 */
export const style: RuleModule = {
  kind: 'STYLE',
  description:
    'The picture is nearer to approved exemplars than to rejected ones, as the CLIP model sees them. The nearest of both are shown.',
  parameters,
  exemplars: (value) =>
    (['approved', 'rejected'] as const).flatMap((list) =>
      (value[list] as string[]).map((externalId, index) => ({ field: `${list}[${index}]`, externalId })),
    ),
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  const model = sql`${scope.modelRevisionId}::int`;
  const nearest = (side: string) => sql`(
      SELECT x.external_id, x.title, x.asset_id, 1 - (e.vector <=> x.vector) AS cosine FROM exemplar x
      WHERE x.rule_id = target.rule_id AND x.side = ${side} AND x.asset_id <> target.asset_id
      ORDER BY e.vector <=> x.vector, x.external_id LIMIT 1)`;
  return sql`
    WITH target AS MATERIALIZED (
      SELECT ${TARGET_KEYS}, (t.parameters ->> 'minSimilarity')::float8 AS min_similarity, (t.parameters ->> 'passMargin')::float8 AS pass_margin,
        (t.parameters ->> 'failMargin')::float8 AS fail_margin
      FROM (${selectTargets('STYLE', scope)}) t
    ),
    exemplar AS MATERIALIZED (
      SELECT r.rule_id, l.side, a.external_id, a.title, a.id AS asset_id, e.vector
      FROM (${selectRules('STYLE', scope)}) r
      CROSS JOIN LATERAL (
        SELECT 'approved' AS side, id FROM jsonb_array_elements_text(r.parameters -> 'approved') id
        UNION ALL SELECT 'rejected', id FROM jsonb_array_elements_text(r.parameters -> 'rejected') id
      ) l
      JOIN asset a ON a.organization_id = ${organizationId} AND a.external_id = l.id
      JOIN asset_embedding e ON e.organization_id = ${organizationId} AND e.model_revision_id = ${model} AND e.version_id = a.current_version_id AND e.part = 'whole' AND NOT e.is_foreign
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.cosine IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('similarity', round(t.cosine::numeric, 4), 'margin', round(t.margin::numeric, 4))) END`,
      required: sql`jsonb_build_object('minSimilarity', t.min_similarity, 'passMargin', t.pass_margin, 'failMargin', t.fail_margin)`,
      evidence: sql`CASE WHEN t.cosine IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
        'nearestApproved', jsonb_build_object('assetId', t.approved_asset, 'externalId', t.approved_id, 'title', t.approved_title, 'cosine', round(t.cosine::numeric, 4)),
        'nearestRejected', CASE WHEN t.rejected_id IS NOT NULL THEN jsonb_build_object('assetId', t.rejected_asset, 'externalId', t.rejected_id,
          'title', t.rejected_title, 'cosine', round(t.rejected_cosine::numeric, 4)) END)) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN 'There is no picture to look at.'
        WHEN 'NOT_EVALUATED' THEN CASE WHEN t.is_foreign THEN ${FOREIGN_MESSAGE} WHEN t.seen THEN 'The model has seen none of the approved exemplars yet.' ELSE 'The model has not seen this picture yet.' END
        WHEN 'PASS' THEN format('In the style of "%s".', t.approved_title)
        WHEN 'FAIL' THEN CASE WHEN t.cosine < t.min_similarity THEN format('Unlike all approved pictures; the nearest is "%s".', t.approved_title)
          ELSE format('More like the rejected "%s" than like the approved "%s".', t.rejected_title, t.approved_title) END
        ELSE format('About as much like the rejected "%s" as like the approved "%s". A person should look.', t.rejected_title, t.approved_title) END`,
      model: sql`${model}`,
    })}
    FROM (
      SELECT s.*, CASE
        WHEN s.media_type LIKE 'text/%' THEN 'NOT_APPLICABLE'
        WHEN s.cosine IS NULL THEN 'NOT_EVALUATED'
        WHEN s.cosine < s.min_similarity OR s.margin <= s.fail_margin THEN 'FAIL'
        WHEN s.margin < s.pass_margin THEN 'NEEDS_REVIEW' ELSE 'PASS' END AS verdict
      FROM (
        SELECT target.*, e.vector IS NOT NULL AS seen, d.is_foreign, a.external_id AS approved_id, a.title AS approved_title, a.asset_id AS approved_asset, a.cosine,
          r.external_id AS rejected_id, r.title AS rejected_title, r.asset_id AS rejected_asset, r.cosine AS rejected_cosine, a.cosine - r.cosine AS margin
        FROM target
        LEFT JOIN asset_embedding e ON e.organization_id = ${organizationId} AND e.model_revision_id = ${model} AND e.version_id = target.version_id AND e.part = 'whole' AND NOT e.is_foreign
        CROSS JOIN LATERAL (${selectForeign(scope)}) d
        LEFT JOIN LATERAL ${nearest('approved')} a ON TRUE
        LEFT JOIN LATERAL ${nearest('rejected')} r ON TRUE
      ) s
    ) t`;
}
