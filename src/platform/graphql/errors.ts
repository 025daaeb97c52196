import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isVitrineError, type VitrineError } from '../../errors.js';
import { toPublicError } from '../http/public-error.js';
import type { Logger } from '../../log.js';
import { tooComplex } from './limits.js';

/**
 * The error table of the door. Codes of this program and of the GraphQL server (GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED,
 * BAD_USER_INPUT, BAD_REQUEST…) pass; anything unexpected becomes INTERNAL, its cause logged and not shown.
 */
export function formatGraphqlError(
  formatted: GraphQLFormattedError,
  error: unknown,
  requestId: string,
  log: Logger,
): GraphQLFormattedError {
  const place = { ...(formatted.locations && { locations: formatted.locations }), ...(formatted.path && { path: formatted.path }) };
  const code = formatted.extensions?.code;
  const ours = vitrineErrorIn(error) ?? tooManyTokens(formatted, code);
  // A plain GraphQLError without a code is a fault of ours too: a null in a non-null field, a value that its scalar refuses.
  if (ours === null && code !== 'INTERNAL_SERVER_ERROR') return { message: formatted.message, ...place, extensions: { code } };
  const { message, ...extensions } = toPublicError(ours ?? rootOf(error), requestId, log);
  return { message, ...place, extensions };
}

function vitrineErrorIn(error: unknown): VitrineError | null {
  for (let current = error; current instanceof Error; current = (current as GraphQLError).originalError) {
    if (isVitrineError(current)) return current;
    if (!(current instanceof GraphQLError)) return null;
  }
  return null;
}

function rootOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootOf(error.originalError) : error;
}

function tooManyTokens(formatted: GraphQLFormattedError, code: unknown): VitrineError | null {
  const limit = /more that (\d+) tokens/.exec(formatted.message)?.[1];
  if (code !== 'GRAPHQL_PARSE_FAILED' || limit === undefined) return null;
  return tooComplex(`This document has more than ${limit} tokens.`);
}

/** An error in the shape of a GraphQL answer, for what fails before GraphQL is reached. */
export function toGraphqlAnswer(error: unknown, requestId: string, log: Logger) {
  const { message, ...extensions } = toPublicError(error, requestId, log);
  return { errors: [{ message, extensions }], extensions: { requestId } };
}
