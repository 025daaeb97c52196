import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { type JudgeScope, selectRules, selectTargets, TARGET_KEYS } from './rule-module.js';
import { TILE_KEYS } from '../../engines/media/part-key.js';
import type { RuleKind } from '../../vocabulary/compliance.js';

/** What a picture may be of instead: without such rivals a model finds every concept in every picture. */
export const NEUTRAL_PROMPTS: readonly string[] = [
  'a drawing',
  'a photo',
  'an object',
  'a plain background',
  'a pattern of shapes',
  'a logo',
  'some text',
];

const prompt = z.string().trim().min(1).max(300);
const prompts = z.array(prompt).max(20);

export const concept = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional().describe('What it is called in findings and reports; by default its first prompt.'),
    prompt: prompt.optional().describe('One description of the concept; the same as `prompts` with one entry.'),
    prompts: prompts.optional().describe('Descriptions of the concept; the one nearest to the picture counts.'),
    counterPrompts: z
      .array(prompt)
      .max(100)
      .min(1)
      .default([...NEUTRAL_PROMPTS])
      .describe(
        'What other pictures show, similar things above all; the concept has to beat them all together. Many serve better than few.',
      ),
  })
  .transform(({ name, prompt: single, prompts: several = [], counterPrompts }) => {
    const described = [...new Set(single === undefined ? several : [single, ...several])];
    return { name: name ?? described[0]?.slice(0, 100) ?? '', prompts: described, counterPrompts: [...new Set(counterPrompts)] };
  })
  .superRefine((value, context) => {
    if (value.prompts.length === 0)
      context.addIssue({ code: 'custom', path: ['prompts'], message: 'give a prompt, or prompts with at least one entry' });
    const both = value.counterPrompts.findIndex((text) => value.prompts.includes(text));
    if (both >= 0) context.addIssue({ code: 'custom', path: ['counterPrompts', both], message: 'is a prompt of the same concept as well' });
  });

export type Concept = z.output<typeof concept>;

/** Texts whose vectors {@link conceptTables} reads. */
export function conceptTexts(parameters: Record<string, unknown>): string[] {
  return (parameters.concepts as Concept[]).flatMap((entry) => [...entry.prompts, ...entry.counterPrompts]);
}

/**
 * How surely each concept is in each target, as tables of a WITH clause: `target` with `any_of` and the thresholds `first_at` (whose key
 * in the parameters is given) and `review_at`, `ready` (rule_id, complete) and `found` (rule_id, version_id, position, concept, probability and what it rests on).
 * Zero-shot: softmax of logit_scale × cosine over the concept's best prompt and its counter-prompts (CLIP), or sigmoid of logit_scale × cosine
 * + logit_bias of the best prompt (SigLIP, whose probabilities need no rivals). The part of the asset that shows it best counts.
 */
export function conceptTables(kind: RuleKind, scope: JudgeScope, firstAt: string): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  const model = sql`${scope.modelRevisionId}::int`;
  // Exponents are cut at ±300, so that no scale a model may have makes exp() overflow.
  return sql`
    target AS MATERIALIZED (
      SELECT ${TARGET_KEYS}, (t.parameters ->> ${firstAt})::float8 AS first_at, (t.parameters ->> 'reviewAt')::float8 AS review_at,
        (t.parameters ->> 'anyOf')::boolean AS any_of
      FROM (${selectTargets(kind, scope)}) t
    ),
    prompt AS MATERIALIZED (
      SELECT r.rule_id, c.position, c.concept ->> 'name' AS concept, p.text, p.counter, v.vector
      FROM (${selectRules(kind, scope)}) r
      CROSS JOIN LATERAL jsonb_array_elements(r.parameters -> 'concepts') WITH ORDINALITY AS c (concept, position)
      CROSS JOIN LATERAL (
        SELECT text, false AS counter FROM jsonb_array_elements_text(c.concept -> 'prompts') AS text
        UNION ALL SELECT text, true FROM jsonb_array_elements_text(c.concept -> 'counterPrompts') AS text
      ) p
      LEFT JOIN text_embedding v ON v.organization_id = ${organizationId} AND v.model_revision_id = ${model} AND v.text = p.text
    ),
    ready AS (SELECT rule_id, bool_and(vector IS NOT NULL) AS complete FROM prompt GROUP BY rule_id),
    asked AS MATERIALIZED (SELECT DISTINCT p.rule_id, p.position, p.concept FROM prompt p JOIN ready ON ready.rule_id = p.rule_id AND ready.complete),
    -- prompts are looked at one picture and concept at a time: joined all at once they would have to be sorted
    best AS (
      SELECT t.rule_id, t.version_id, e.part, k.position, k.concept, b.*
      FROM target t
      JOIN asset_embedding e ON e.organization_id = ${organizationId} AND e.model_revision_id = ${model} AND e.version_id = t.version_id
        AND NOT e.of_text AND NOT e.is_foreign AND e.part NOT LIKE ${TILE_KEYS}
      JOIN asked k ON k.rule_id = t.rule_id
      CROSS JOIN model_revision m
      CROSS JOIN LATERAL (
        SELECT max(c.cosine) FILTER (WHERE NOT c.counter) AS cosine, (array_agg(c.text) FILTER (WHERE NOT c.counter))[1] AS text,
          max(c.cosine) FILTER (WHERE c.counter) AS rival_cosine, (array_agg(c.text) FILTER (WHERE c.counter))[1] AS rival,
          sum(exp(least(greatest(m.logit_scale * c.cosine, -300), 300))) FILTER (WHERE c.counter) AS rival_odds
        FROM (
          SELECT p.text, p.counter, 1 - (e.vector <=> p.vector) AS cosine FROM prompt p WHERE p.rule_id = k.rule_id AND p.position = k.position
          ORDER BY cosine DESC
        ) c
      ) b
      WHERE m.id = ${model}
    ),
    chance AS (
      SELECT b.*, CASE m.model_type
          WHEN 'siglip' THEN 1 / (1 + exp(least(greatest(-(m.logit_scale * b.cosine + coalesce(m.logit_bias, 0)), -300), 300)))
          ELSE 1 / (1 + b.rival_odds * exp(least(greatest(-m.logit_scale * b.cosine, -300), 300))) END AS probability
      FROM best b JOIN model_revision m ON m.id = ${model}
    ),
    found AS (
      SELECT DISTINCT ON (rule_id, version_id, position) * FROM chance ORDER BY rule_id, version_id, position, probability DESC, part
    )`;
}

/** One concept of `found` as evidence. */
export const CONCEPT_EVIDENCE = sql`jsonb_build_object('concept', concept, 'probability', round(probability::numeric, 4), 'part', part, 'prompt', text,
  'cosine', round(cosine::numeric, 4), 'counterPrompt', rival, 'counterCosine', round(rival_cosine::numeric, 4))`;

/** What is said of a picture that the model was not trained on, by every kind that asks the model. */
export const FOREIGN_MESSAGE =
  'The model in use was not trained on pictures like this one, so it says nothing about it. Use one that was: vitrine models use tinyclip-8m.';

/** Why a target of a kind about content is not judged, from a row `t` with `complete`, `failure` and `is_foreign`. */
export const UNSEEN_MESSAGE = sql`CASE
  WHEN t.is_foreign THEN ${FOREIGN_MESSAGE}
  WHEN NOT t.complete THEN 'The prompts of this rule have no vectors of the current model yet. They are made when the rule is next judged.'
  WHEN t.failure IS NOT NULL THEN 'The model could not read this picture: ' || t.failure
  WHEN t.asset_kind = 'DOCUMENT' THEN 'The model has not seen the pages of this document.'
  ELSE 'The model has not seen this picture yet.' END`;

/** Joins to `target` what the model could not read, as `f`, and whether it was trained on such pictures, as `d.is_foreign`. */
export function embeddingFailures({ organizationId, modelRevisionId }: JudgeScope): Sql {
  return sql`LEFT JOIN embedding_failure f ON f.organization_id = ${organizationId}::uuid AND f.model_revision_id = ${modelRevisionId}::int
    AND f.version_id = target.version_id
    CROSS JOIN LATERAL (${selectForeign({ organizationId, modelRevisionId })}) d`;
}

/** A SELECT of whether a version, by default that of `target`, is a picture that the model was not trained on. */
export function selectForeign(
  { organizationId, modelRevisionId }: Pick<JudgeScope, 'organizationId' | 'modelRevisionId'>,
  version = sql`target.version_id`,
): Sql {
  return sql`SELECT EXISTS (SELECT 1 FROM asset_embedding o WHERE o.organization_id = ${organizationId}::uuid
    AND o.model_revision_id = ${modelRevisionId}::int AND o.version_id = ${version} AND o.is_foreign) AS is_foreign`;
}
