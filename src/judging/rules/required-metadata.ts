import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { findingColumns, type JudgeScope, type RuleModule, selectRules, selectTargets } from './rule-module.js';
import { isOnlyMarks, writtenLength, writtenText } from './written-text.js';

/** Fields of an asset that are not in `metadata`. */
export const OWN_FIELDS = ['title', 'description', 'altText', 'externalId', 'rightsHolder', 'rightsLicense'] as const;
const text = z.string().trim().min(1).max(200);

const field = z
  .strictObject({
    key: z
      .string()
      .min(1)
      .max(100)
      .describe(
        `A metadata key, or one of the asset's own fields: ${OWN_FIELDS.join(', ')}. Of a metadata key with such a name, the own field counts.`,
      ),
    optional: z.boolean().default(false).describe('Whether it may be absent; when it is there, it has to be one of `allowed`.'),
    allowed: z
      .array(text)
      .min(1)
      .max(500)
      .optional()
      .describe('The vocabulary: values that are allowed, compared whole, whatever the case.'),
    minLength: z
      .int()
      .min(1)
      .max(2000)
      .default(1)
      .describe('Least number of characters; those of Chinese, Japanese and Korean count as two.'),
  })
  .refine((value) => !value.optional || value.allowed !== undefined, {
    path: ['allowed'],
    message: 'an optional field needs a vocabulary',
  });

const facet = z
  .strictObject({
    prefix: z.string().trim().toLowerCase().min(1).max(100).describe('Beginning of the tags that count, such as `kind/`.'),
    min: z.int().min(0).max(50).default(1).describe('Least number of such tags.'),
    max: z.int().min(0).max(50).optional().describe('Most of such tags.'),
    allowed: z
      .array(z.string().trim().toLowerCase().min(1).max(100))
      .min(1)
      .max(500)
      .optional()
      .describe('Whole tags that are allowed with this beginning.'),
  })
  .refine((value) => value.max === undefined || value.min <= value.max, { path: ['min'], message: 'must not be greater than max' })
  .superRefine((value, context) => {
    const stray = value.allowed?.findIndex((tag) => !tag.startsWith(value.prefix)) ?? -1;
    if (stray >= 0) context.addIssue({ code: 'custom', path: ['allowed', stray], message: `does not begin with ${value.prefix}` });
  });

const parameters = z
  .strictObject({
    fields: z.array(field).max(50).default([]).describe('Fields that have to be there, each with its vocabulary when it has one.'),
    tags: z.array(facet).max(20).default([]).describe('Tags that have to be there, by their beginning.'),
  })
  .superRefine((value, context) => {
    if (value.fields.length + value.tags.length === 0)
      context.addIssue({ code: 'custom', path: ['fields'], message: 'at least one field here, or one entry in tags' });
    const keys = value.fields.map((entry) => entry.key);
    const twice = keys.findIndex((key, index) => keys.indexOf(key) < index);
    if (twice >= 0) context.addIssue({ code: 'custom', path: ['fields', twice, 'key'], message: 'stands in an earlier entry already' });
  });

/** Required fields and tags, with the vocabularies they are taken from. */
export const requiredMetadata: RuleModule = {
  kind: 'REQUIRED_METADATA',
  description: 'Fields and tags that have to be there are there, and come from the vocabularies of the rule.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const organizationId = sql`${scope.organizationId}::uuid`;
  return sql`
    WITH target AS (${selectTargets('REQUIRED_METADATA', scope)}),
    -- read once a rule, not once a pair
    field AS MATERIALIZED (
      SELECT r.rule_id, n, f ->> 'key' AS key, (f ->> 'optional')::boolean AS optional, (f ->> 'minLength')::int AS min_length,
        (SELECT array_agg(lower(x)) FROM jsonb_array_elements_text(f -> 'allowed') x) AS allowed
      FROM (${selectRules('REQUIRED_METADATA', scope)}) r CROSS JOIN LATERAL jsonb_array_elements(r.parameters -> 'fields') WITH ORDINALITY AS e (f, n)
    ),
    facet AS MATERIALIZED (
      SELECT r.rule_id, n, f ->> 'prefix' AS prefix, (f ->> 'min')::int AS least, (f ->> 'max')::int AS most,
        (SELECT array_agg(g.id) FROM tag g WHERE g.organization_id = ${organizationId} AND starts_with(g.name, f ->> 'prefix')) AS ids,
        (SELECT array_agg(g.id) FROM tag g WHERE g.organization_id = ${organizationId} AND f -> 'allowed' ? g.name) AS allowed_ids, f ? 'allowed' AS closed
      FROM (${selectRules('REQUIRED_METADATA', scope)}) r CROSS JOIN LATERAL jsonb_array_elements(r.parameters -> 'tags') WITH ORDINALITY AS e (f, n)
    )
    SELECT ${findingColumns({
      verdict: sql`CASE WHEN t.faults IS NULL THEN 'PASS' ELSE 'FAIL' END`,
      measured: sql`jsonb_build_object('faults', coalesce(jsonb_array_length(t.faults), 0))`,
      required: sql`jsonb_build_object('fields', t.asked)`,
      evidence: sql`CASE WHEN t.faults IS NOT NULL THEN jsonb_build_object('faults', t.faults) END`,
      message: sql`CASE WHEN t.faults IS NULL THEN 'All required fields and tags are there.' ELSE (
        SELECT string_agg(CASE f ->> 'fault' WHEN 'MISSING' THEN format('%s is missing', f ->> 'field') WHEN 'TOO_SHORT' THEN format('%s is too short', f ->> 'field')
          WHEN 'NOT_ALLOWED' THEN format('%s is "%s", which is not in its vocabulary', f ->> 'field', left(f ->> 'value', 60))
          WHEN 'TOO_FEW' THEN format('too few tags %s…', f ->> 'field') WHEN 'TOO_MANY' THEN format('too many tags %s…', f ->> 'field')
          ELSE format('a tag %s… is not in the vocabulary', f ->> 'field') END, '; ') FROM jsonb_array_elements(t.faults) f) || '. Fill that in.' END`,
    })}
    FROM (
      SELECT target.*, target.parameters -> 'fields' AS asked, x.faults FROM target
      LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('field', name, 'fault', fault, 'value', value)) ORDER BY part, n) AS faults FROM (
          SELECT 1 AS part, n, key AS name, value, CASE WHEN ${isOnlyMarks(sql`value`)} THEN CASE WHEN NOT optional THEN 'MISSING' END
            WHEN ${writtenLength(sql`value`)} < min_length THEN 'TOO_SHORT' WHEN NOT lower(value) = ANY(allowed) THEN 'NOT_ALLOWED' END AS fault
          FROM (
            SELECT f.*, ${writtenText(sql`CASE f.key WHEN 'title' THEN target.title WHEN 'description' THEN target.description WHEN 'altText' THEN target.alt_text
              WHEN 'externalId' THEN target.external_id WHEN 'rightsHolder' THEN target.rights_holder WHEN 'rightsLicense' THEN target.rights_license
              ELSE target.metadata ->> f.key END`)} AS value
            FROM field f WHERE f.rule_id = target.rule_id
          ) valued
          UNION ALL
          SELECT 2, n, prefix, NULL, CASE WHEN found < least THEN 'TOO_FEW' WHEN found > most THEN 'TOO_MANY' WHEN closed AND found > found_allowed THEN 'TAG_NOT_ALLOWED' END
          FROM (
            SELECT c.*, (SELECT count(*) FROM unnest(target.tag_ids) i WHERE i = ANY(c.ids)) AS found,
              (SELECT count(*) FROM unnest(target.tag_ids) i WHERE i = ANY(c.allowed_ids)) AS found_allowed
            FROM facet c WHERE c.rule_id = target.rule_id
          ) counted
        ) asked WHERE fault IS NOT NULL
      ) x ON TRUE
    ) t`;
}
