import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import { type DocumentNode, GraphQLError, type GraphQLSchema, type ValidationContext, type ValidationRule } from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';
import { VitrineError } from '../../errors.js';
import { requireShallow } from '../../plain-data.js';
import { DEFAULT_PAGE_SIZE } from './connection.js';

export interface GraphqlLimits {
  /** Tokens of a document. Validation is quadratic in them for hostile documents: 4000 took 1 s, 2000 a quarter of that. */
  maxTokens: number;
  maxDepth: number;
  maxAliases: number;
  maxDirectives: number;
  /** See {@link costOf}. */
  maxCost: number;
  /** Bytes of a request body. */
  maxBodyByteSize: number;
  /** Milliseconds until a request is answered with TIMEOUT. */
  timeoutMs: number;
}

export const DEFAULT_LIMITS: GraphqlLimits = {
  maxTokens: 2000,
  maxDepth: 12,
  maxAliases: 30,
  maxDirectives: 20,
  maxCost: 20_000,
  maxBodyByteSize: 256 * 1024,
  timeoutMs: 30_000,
};

/** Validation rules for depth, aliases and directives; each refusal has the code QUERY_TOO_COMPLEX. */
export function limitRules(limits: GraphqlLimits): ValidationRule[] {
  // Left to themselves the rules throw inside validation, which the server answers with HTTP 500: they report instead.
  const options = (n: number, what: string) => ({
    n,
    propagateOnRejection: false,
    onReject: [
      (context: ValidationContext | null, error: GraphQLError) => {
        const found = /found (\d+)/.exec(error.message)?.[1];
        const originalError = tooComplex(`This operation has ${found} ${what}; at most ${n} are accepted.`);
        context?.reportError(new GraphQLError(originalError.message, { originalError }));
      },
    ],
  });
  return [
    maxDepthRule({ ...options(limits.maxDepth, 'levels of fields'), flattenFragments: true }),
    maxAliasesRule(options(limits.maxAliases, 'aliases')),
    maxDirectivesRule(options(limits.maxDirectives, 'directives')),
  ] as unknown as ValidationRule[];
}

const MAX_FIELDS = 10_000;

// A field costs 1 and what is under it, once per row of the page, or per id of the list, that it asks for.
const estimator: ComplexityEstimator = ({ args, childComplexity, field }) => {
  if (Array.isArray(args.ids)) return 1 + Math.max(1, args.ids.length) * (1 + childComplexity);
  if (!field.args.some((arg) => arg.name === 'first')) return 1 + childComplexity;
  const first: unknown = args.first ?? DEFAULT_PAGE_SIZE;
  return 1 + Math.max(1, typeof first === 'number' ? first : DEFAULT_PAGE_SIZE) * childComplexity;
};

/**
 * What an operation may cost at most: fields, counted once per row of the pages (`first`, from variables too) that they are in.
 * @throws VitrineError QUERY_TOO_COMPLEX past `maxCost`, BAD_USER_INPUT when the variables do not fit, or are nested too deeply
 */
export function costOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  operationName: string | undefined,
  variables: object | undefined,
  maxCost: number,
): number {
  // Here and where variables are made of it, every level of a value is a call.
  for (const [name, value] of Object.entries(variables ?? {})) requireShallow(value, name);
  let cost: number;
  try {
    cost = getComplexity({
      schema,
      query,
      estimators: [estimator],
      maxQueryNodes: MAX_FIELDS,
      ...(variables !== undefined && { variables }),
      ...(operationName !== undefined && { operationName }),
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (/maximum allowed number of nodes/.test(error.message))
      throw tooComplex(`This operation has more than ${MAX_FIELDS} fields, fragments counted as often as they are used.`);
    throw new VitrineError('BAD_USER_INPUT', error.message, { cause: error });
  }
  if (cost > maxCost)
    throw tooComplex(
      `This operation may cost ${cost}; at most ${maxCost} is accepted. Ask for smaller pages (\`first\`) or fewer fields in them.`,
    );
  return cost;
}

export function tooComplex(message: string): VitrineError {
  return new VitrineError('QUERY_TOO_COMPLEX', message);
}
