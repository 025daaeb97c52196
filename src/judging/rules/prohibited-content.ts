import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { CONCEPT_EVIDENCE, concept, conceptTables, conceptTexts, embeddingFailures, UNSEEN_MESSAGE } from './concepts.js';
import { findingColumns, type JudgeScope, type RuleModule } from './rule-module.js';

const probability = z.number().gt(0).max(1);

const parameters = z
  .strictObject({
    concepts: z.array(concept).min(1).max(20).describe('What must not be in the picture.'),
    failAt: probability.default(0.7).describe('Probability (0 to 1) of a concept from which the asset fails.'),
    reviewAt: probability.default(0.4).describe('Probability (0 to 1) of a concept from which a person should look.'),
  })
  .refine((value) => value.reviewAt <= value.failAt, { path: ['reviewAt'], message: 'must not be greater than failAt' });

/** None of the concepts is in the picture; the one that is most surely in it decides. */
export const prohibitedContent: RuleModule = {
  kind: 'PROHIBITED_CONTENT',
  description: 'None of these concepts is in the picture, as the CLIP model sees it. Between the two thresholds a person should look.',
  parameters,
  texts: conceptTexts,
  judge,
};

function judge(scope: JudgeScope): Sql {
  return sql`
    WITH ${conceptTables('PROHIBITED_CONTENT', scope, 'failAt')},
    seen AS (
      SELECT rule_id, version_id, max(probability) AS probability, (array_agg(concept ORDER BY probability DESC, position))[1] AS concept,
        jsonb_agg(${CONCEPT_EVIDENCE} ORDER BY probability DESC, position) AS concepts
      FROM found GROUP BY rule_id, version_id
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.probability IS NOT NULL THEN jsonb_build_object('concept', t.concept, 'probability', round(t.probability::numeric, 4)) END`,
      required: sql`jsonb_build_object('reviewAt', t.review_at, 'failAt', t.first_at)`,
      evidence: sql`CASE WHEN t.concepts IS NOT NULL THEN jsonb_build_object('concepts', t.concepts) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN 'There is no picture to look at.'
        WHEN 'NOT_EVALUATED' THEN ${UNSEEN_MESSAGE}
        WHEN 'PASS' THEN format('No prohibited concept found; the nearest is "%s" at %s.', t.concept, round(t.probability::numeric, 2))
        WHEN 'FAIL' THEN format('This seems to show "%s" (probability %s). Replace the picture, or have the rule corrected if that is wrong.',
          t.concept, round(t.probability::numeric, 2))
        ELSE format('This may show "%s" (probability %s). A person should look.', t.concept, round(t.probability::numeric, 2)) END`,
      model: sql`${scope.modelRevisionId}::int`,
    })}
    FROM (
      SELECT target.*, seen.probability, seen.concept, seen.concepts, ready.complete, f.message AS failure, d.is_foreign, CASE
          WHEN seen.probability >= target.first_at THEN 'FAIL'
          WHEN seen.probability >= target.review_at THEN 'NEEDS_REVIEW'
          WHEN seen.probability IS NOT NULL THEN 'PASS'
          WHEN target.media_type LIKE 'text/%' THEN 'NOT_APPLICABLE'
          ELSE 'NOT_EVALUATED' END AS verdict
      FROM target
      JOIN ready ON ready.rule_id = target.rule_id
      LEFT JOIN seen ON seen.rule_id = target.rule_id AND seen.version_id = target.version_id
      ${embeddingFailures(scope)}
    ) t`;
}
