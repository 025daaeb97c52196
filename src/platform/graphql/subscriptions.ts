import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request, RequestHandler } from 'express';
import {
  type ExecutionArgs,
  type ExecutionResult,
  formatError,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { createHandler } from 'graphql-sse/lib/use/express';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Viewer } from '../../viewer.js';
import { isVitrineError, VitrineError } from '../../errors.js';
import type { Caller, FindCaller } from '../http/caller.js';
import { httpStatusOf, toPublicError } from '../http/public-error.js';
import { requestIdOf } from '../http/request-id.js';
import type { Logger } from '../../log.js';
import { callerBehind } from './admission.js';
import type { RequestContext } from './context.js';
import { formatGraphqlError } from './errors.js';
import { costOf, type GraphqlLimits, limitRules } from './limits.js';
import { StreamQuota } from './stream-quota.js';

export interface SubscriptionServerOptions {
  schema: GraphQLSchema;
  findCaller: FindCaller;
  limits: GraphqlLimits;
  log: Logger;
  /** Milliseconds after which an open stream's key is looked at again: a revoked key or a session that has ended ends it. */
  recheckMs?: number;
}

/** Subscriptions over WebSocket (the graphql-transport-ws protocol) and, for plain clients, over server-sent events. */
export interface SubscriptionServer {
  /** For POST and GET of the event stream. */
  eventStream: RequestHandler;
  /** Takes over a connection that asked for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends all streams and sockets, telling their clients that the server goes. */
  close(): Promise<void>;
}

interface Params {
  query?: unknown;
  operationName?: unknown;
  variables?: unknown;
}

const INIT_TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 12_000;
const RECHECK_MS = 30_000;
const MAX_PER_SOCKET = 20;
/** Bytes of a close frame's reason, by the protocol; our sentences are plain ASCII. */
const MAX_REASON_LENGTH = 123;
const NO_KEY =
  'Send an API key: the header "Authorization: Bearer <key>", or the same as `authorization` in the payload of connection_init.';

export function createSubscriptionServer(options: SubscriptionServerOptions): SubscriptionServer {
  const { schema, limits, log, findCaller } = options;
  const quota = new StreamQuota();
  const rules = [...specifiedRules, ...limitRules(limits)];
  const format = (error: GraphQLError, requestId: string) => {
    const found = formatError(error);
    return formatGraphqlError({ ...found, extensions: { code: 'INTERNAL_SERVER_ERROR', ...found.extensions } }, error, requestId, log);
  };
  const formatted = (result: ExecutionResult, requestId: string) =>
    result.errors ? { ...result, errors: result.errors.map((error) => format(error, requestId)) as unknown as GraphQLError[] } : result;

  /** The operation, checked as a query is; or what is wrong with it. */
  const prepare = (params: Params, viewer: Viewer, requestId: string): ExecutionArgs | readonly GraphQLError[] => {
    try {
      const { query, operationName, variables } = readParams(params);
      const document = parse(query, { maxTokens: limits.maxTokens });
      const invalid = validate(schema, document, rules, { maxErrors: 20 });
      if (invalid.length > 0) return invalid.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
      if (getOperationAST(document, operationName)?.operation !== 'subscription')
        throw new VitrineError('BAD_USER_INPUT', 'Only subscriptions are answered here; POST queries and mutations to /graphql.');
      costOf(schema, document, operationName, variables, limits.maxCost);
      const contextValue: RequestContext = { viewer, requestId, loaders: new Map() };
      return { schema, document, operationName: operationName ?? null, variableValues: variables ?? null, contextValue };
    } catch (error) {
      if (error instanceof GraphQLError) return [withCode(error, 'GRAPHQL_PARSE_FAILED')];
      const originalError = error as Error;
      return [new GraphQLError(originalError.message, { originalError })];
    }
  };

  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.maxBodyByteSize, perMessageDeflate: false });
  const socketServer = useServer<Record<string, unknown>, { viewer?: Viewer; release?: () => void; requestId?: string }>(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      onConnect: async ({ extra, connectionParams }) => {
        const given = connectionParams?.authorization ?? connectionParams?.Authorization;
        const { method, headers } = extra.request;
        const found = await findCaller({
          method,
          headers: typeof given === 'string' ? { ...headers, authorization: given } : headers,
        }).catch((error: unknown) => {
          if (!isVitrineError(error)) throw error;
          extra.socket.close(4403, error.message.slice(0, MAX_REASON_LENGTH));
          return null;
        });
        if (found === null) return false; // closes with 4403: Forbidden
        const { viewer } = found;
        const release = quota.take(viewer.organizationId);
        if (release === null) {
          extra.socket.close(4429, 'Too many open streams');
          return false;
        }
        const stop = recheck(found, () => extra.socket.close(4403, 'Forbidden'));
        Object.assign(extra, { viewer, release: () => [release(), stop()], requestId: crypto.randomUUID() });
        return true;
      },
      onClose: ({ extra }) => extra.release?.(),
      onSubscribe: (context, _id, params) => {
        if (Object.keys(context.subscriptions).length > MAX_PER_SOCKET) {
          const originalError = new VitrineError(
            'QUERY_TOO_COMPLEX',
            `A connection carries at most ${MAX_PER_SOCKET} subscriptions at a time.`,
          );
          return [new GraphQLError(originalError.message, { originalError })];
        }
        return prepare(params, context.extra.viewer as Viewer, context.extra.requestId as string);
      },
      onNext: ({ extra }, _id, _params, _args, result) => formatted(result, extra.requestId as string),
      onError: ({ extra }, _id, _params, errors) => errors.map((error) => format(error as GraphQLError, extra.requestId as string)),
    },
    sockets,
    KEEP_ALIVE_MS,
  );
  // The library prints what clients do wrong (a frame that is too large, a broken one) on the console. ws closes the socket by itself.
  sockets.on('connection', (socket, request) => {
    socket.removeAllListeners('error');
    socket.on('error', (error) =>
      log.info({ err: error, remoteAddress: request.socket.remoteAddress }, 'a WebSocket client broke the protocol'),
    );
  });

  const ends = new Set<() => void>();
  const handle = createHandler({
    // Null: one stream a request, no reservations to keep.
    authenticate: () => null,
    onSubscribe: (request, params) => {
      const { viewer, requestId } = contextOf(request.raw);
      const prepared = prepare(params, viewer as Viewer, requestId);
      if (Array.isArray(prepared)) {
        // Nothing has begun: a plain client hears it by the status.
        const headers = { 'content-type': 'application/json; charset=utf-8' };
        return [JSON.stringify(formatted({ errors: prepared }, requestId)), { status: 400, statusText: 'Bad Request', headers }];
      }
      return prepared as ExecutionArgs & { contextValue: Record<PropertyKey, unknown> };
    },
    onNext: (_context, request, result) => formatted(result as ExecutionResult, contextOf(request.raw).requestId),
  });
  const eventStream: RequestHandler = async (request, response) => {
    const requestId = requestIdOf(response);
    const refuse = (error: VitrineError) => {
      const { message, ...extensions } = toPublicError(error, requestId, log);
      if (error.code === 'UNAUTHENTICATED') response.set('WWW-Authenticate', 'Bearer');
      response.status(error.code === 'QUERY_TOO_COMPLEX' ? 429 : httpStatusOf(error.code)).json({ errors: [{ message, extensions }] });
    };
    const caller = callerBehind(request);
    if (caller === null) return refuse(new VitrineError('UNAUTHENTICATED', NO_KEY));
    const { viewer } = caller;
    const release = quota.take(viewer.organizationId);
    if (release === null)
      return refuse(new VitrineError('QUERY_TOO_COMPLEX', 'Too many streams are open. Close some, or try again later.'));
    const end = () => response.destroy();
    const stop = recheck(caller, end);
    ends.add(end);
    response.once('close', () => {
      release();
      stop();
      ends.delete(end);
    });
    contexts.set(request, { viewer, requestId, loaders: new Map() });
    // Proxies that gather a response before they pass it on would hold events back.
    response.set({ 'X-Accel-Buffering': 'no', 'Cache-Control': 'no-store' });
    await handle(request, response);
  };

  /** Looks at the key again and again while a stream is open. @returns what stops it */
  const recheck = (caller: Caller, end: () => void): (() => void) => {
    const look = () =>
      caller.again().then(
        (viewer) => viewer ?? end(),
        () => undefined,
      );
    const timer = setInterval(look, options.recheckMs ?? RECHECK_MS).unref();
    return () => clearInterval(timer);
  };

  return {
    eventStream,
    upgrade: (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
    },
    close: async () => {
      for (const end of ends) end();
      await socketServer.dispose();
    },
  };
}

const contexts = new WeakMap<Request, RequestContext>();
const contextOf = (request: Request): RequestContext => contexts.get(request) as RequestContext;

function readParams({ query, operationName, variables }: Params) {
  if (typeof query !== 'string') throw new VitrineError('BAD_USER_INPUT', 'query: a GraphQL document is needed.', { field: 'query' });
  const name = typeof operationName === 'string' && operationName !== '' ? operationName : undefined;
  const given = variables !== null && typeof variables === 'object' ? (variables as Record<string, unknown>) : undefined;
  return { query, operationName: name, variables: given };
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  if (error.originalError !== undefined || error.extensions.code !== undefined) return error;
  const { message, nodes, source, positions, path } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions: { code } });
}
