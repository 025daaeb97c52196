import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { CONCEPT_EVIDENCE, concept, conceptTables, conceptTexts, embeddingFailures, UNSEEN_MESSAGE } from './concepts.js';
import { findingColumns, type JudgeScope, type RuleModule } from './rule-module.js';

const probability = z.number().gt(0).max(1);

const parameters = z
  .strictObject({
    concepts: z.array(concept).min(1).max(20).describe('What has to be in the picture.'),
    anyOf: z.boolean().default(false).describe('Whether one of the concepts is enough; otherwise all have to be in the picture.'),
    passAt: probability.default(0.5).describe('Probability (0 to 1) of a concept from which it counts as being in the picture.'),
    reviewAt: probability.default(0.2).describe('Probability (0 to 1) from which a person should look; below, the asset fails.'),
  })
  .refine((value) => value.reviewAt <= value.passAt, { path: ['reviewAt'], message: 'must not be greater than passAt' });

/** The concepts are in the picture: all of them, or one of them; the least sure one, or the surest, decides. */
export const requiredContent: RuleModule = {
  kind: 'REQUIRED_CONTENT',
  description:
    'These concepts are in the picture, all or one of them, as the CLIP model sees it. Between the two thresholds a person should look.',
  parameters,
  texts: conceptTexts,
  judge,
};

function judge(scope: JudgeScope): Sql {
  return sql`
    WITH ${conceptTables('REQUIRED_CONTENT', scope, 'passAt')},
    seen AS (
      SELECT rule_id, version_id, min(probability) AS least, (array_agg(concept ORDER BY probability, position))[1] AS least_concept,
        max(probability) AS most, (array_agg(concept ORDER BY probability DESC, position))[1] AS most_concept,
        jsonb_agg(${CONCEPT_EVIDENCE} ORDER BY probability, position) AS concepts
      FROM found GROUP BY rule_id, version_id
    )
    SELECT ${findingColumns({
      verdict: sql`t.verdict`,
      measured: sql`CASE WHEN t.probability IS NOT NULL THEN jsonb_build_object('concept', t.concept, 'probability', round(t.probability::numeric, 4)) END`,
      required: sql`jsonb_build_object('reviewAt', t.review_at, 'passAt', t.first_at)`,
      evidence: sql`CASE WHEN t.concepts IS NOT NULL THEN jsonb_build_object('concepts', t.concepts) END`,
      message: sql`CASE t.verdict
        WHEN 'NOT_APPLICABLE' THEN 'There is no picture to look at.'
        WHEN 'NOT_EVALUATED' THEN ${UNSEEN_MESSAGE}
        WHEN 'PASS' THEN format('What has to be in the picture is there; "%s" at %s.', t.concept, round(t.probability::numeric, 2))
        WHEN 'FAIL' THEN format('"%s" does not seem to be in the picture (probability %s). Use one that shows it.', t.concept, round(t.probability::numeric, 2))
        ELSE format('"%s" may not be in the picture (probability %s). A person should look.', t.concept, round(t.probability::numeric, 2)) END`,
      model: sql`${scope.modelRevisionId}::int`,
    })}
    FROM (
      SELECT s.*, CASE
          WHEN s.probability >= s.first_at THEN 'PASS'
          WHEN s.probability >= s.review_at THEN 'NEEDS_REVIEW'
          WHEN s.probability IS NOT NULL THEN 'FAIL'
          WHEN s.media_type LIKE 'text/%' THEN 'NOT_APPLICABLE'
          ELSE 'NOT_EVALUATED' END AS verdict
      FROM (
        SELECT target.*, seen.concepts, ready.complete, f.message AS failure, d.is_foreign,
          CASE WHEN target.any_of THEN seen.most ELSE seen.least END AS probability,
          CASE WHEN target.any_of THEN seen.most_concept ELSE seen.least_concept END AS concept
        FROM target
        JOIN ready ON ready.rule_id = target.rule_id
        LEFT JOIN seen ON seen.rule_id = target.rule_id AND seen.version_id = target.version_id
        ${embeddingFailures(scope)}
      ) s
    ) t`;
}
