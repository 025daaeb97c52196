import express, { type Request, type RequestHandler } from 'express';
import { type DefinitionNode, Kind, parse } from 'graphql';
import type { Viewer } from '../../viewer.js';
import type { Caller, FindCaller } from '../http/caller.js';
import { keyNeeded } from './context.js';
import type { GraphqlLimits } from './limits.js';

/** The introspection query of tools has 2 KB and 300 tokens. */
const KEYLESS_BODY_BYTE_SIZE = 16 * 1024;
const KEYLESS_TOKENS = 1000;
const PUBLIC_FIELDS = new Set(['__schema', '__type', '__typename']);

const callers = new WeakMap<Request, Caller | null>();

/** Who sends a request that {@link admission} has let in; null when neither key nor session was sent. */
export function callerBehind(request: Request): Caller | null {
  return callers.get(request) ?? null;
}

export function viewerBehind(request: Request): Viewer | null {
  return callerBehind(request)?.viewer ?? null;
}

/**
 * What comes before any work for a caller: the API key or session is looked at before the body is read, and without one nothing but short questions
 * about the schema is read, let alone checked against the schema or filled with variables.
 */
export function admission(findCaller: FindCaller, limits: GraphqlLimits): RequestHandler[] {
  const readBody = express.json({ limit: limits.maxBodyByteSize });
  const readLittle = express.json({ limit: Math.min(KEYLESS_BODY_BYTE_SIZE, limits.maxBodyByteSize) });
  return [
    async (request, _response, next) => {
      callers.set(request, await findCaller(request));
      next();
    },
    (request, response, next) => {
      if (viewerBehind(request) !== null) return readBody(request, response, next);
      readLittle(request, response, (error?: { type?: string }) => {
        next(error?.type === 'entity.too.large' ? keyNeeded() : error);
      });
    },
    (request, _response, next) => {
      const { query } = (request.method === 'GET' ? request.query : (request.body ?? {})) as { query?: unknown };
      const isRefused = viewerBehind(request) === null && typeof query === 'string' && !isAboutSchema(query);
      next(isRefused ? keyNeeded() : undefined);
    },
  ];
}

function isAboutSchema(query: string): boolean {
  try {
    return parse(query, { maxTokens: KEYLESS_TOKENS, noLocation: true }).definitions.every(isPublic);
  } catch (error) {
    // What is no GraphQL is refused as that, which takes no longer.
    return !/tokens/.test((error as Error).message);
  }
}

function isPublic(definition: DefinitionNode): boolean {
  if (definition.kind !== Kind.OPERATION_DEFINITION) return true;
  const { selectionSet, variableDefinitions = [] } = definition;
  const fields = selectionSet.selections.map((selection) => (selection.kind === Kind.FIELD ? selection.name.value : null));
  return variableDefinitions.length === 0 && fields.every((name) => name !== null && PUBLIC_FIELDS.has(name));
}
