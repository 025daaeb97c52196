import { AsyncLocalStorage } from 'node:async_hooks';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type ErrorRequestHandler, type RequestHandler, type Router } from 'express';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { isVitrineError, VitrineError } from '../../errors.js';
import type { FindCaller } from '../http/caller.js';
import { httpStatusOf } from '../http/public-error.js';
import { waitingFor } from '../http/open-response.js';
import { assignRequestId, requestIdOf } from '../http/request-id.js';
import type { Logger } from '../../log.js';
import { admission, viewerBehind } from './admission.js';
import { type WaitingRequest, waitingRequest } from '../../waiting-request.js';
import type { RequestContext } from './context.js';
import { formatGraphqlError, toGraphqlAnswer } from './errors.js';
import { costOf, DEFAULT_LIMITS, type GraphqlLimits, limitRules } from './limits.js';
import { createSubscriptionServer, type SubscriptionServer } from './subscriptions.js';

export interface GraphqlServerOptions {
  schema: GraphQLSchema;
  findCaller: FindCaller;
  log: Logger;
  limits?: Partial<GraphqlLimits>;
}

export interface GraphqlServer {
  /** To be mounted at /graphql; answers subscriptions below it, at /stream. */
  handler: Router;
  /** Takes over a connection to the same path that asked for a WebSocket. */
  upgrade: SubscriptionServer['upgrade'];
  /** Ends open streams: before the HTTP server waits for its connections. */
  endStreams(): Promise<void>;
  stop(): Promise<void>;
}

interface CurrentRequest {
  requestId: string;
  cost?: number;
}

/** Everything between an HTTP request to /graphql and the resolvers: limits, API key, errors, request id. */
export async function createGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  const { schema, log } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  // Apollo's error formatting is not told which request it is for.
  const current = new AsyncLocalStorage<CurrentRequest>();
  const apollo = new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: limits.maxTokens },
    validationRules: limitRules(limits),
    logger: log,
    formatError: (formatted, error) => formatGraphqlError(formatted, error, current.getStore()?.requestId ?? '', log),
    stringifyResult: (value) => JSON.stringify({ ...value, extensions: { ...value.extensions, ...current.getStore() } }),
    plugins: [
      costPlugin(schema, limits, current),
      statusPlugin(),
      // Nothing is reported to anyone and no page comes from elsewhere, whatever the environment says.
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
  await apollo.start();

  const middleware = expressMiddleware(apollo, {
    context: async ({ req, res }) => ({ viewer: viewerBehind(req), requestId: requestIdOf(res), loaders: new Map() }),
  });
  const run: RequestHandler = (request, response, next) =>
    current.run({ requestId: requestIdOf(response) }, async () => {
      try {
        await (response.locals.waiting as WaitingRequest).run(() => middleware(request, response, next));
      } catch (error) {
        // After a time limit the answer is gone already; what comes late has nowhere to go.
        if (!response.headersSent) next(error);
      }
    });

  const subscriptions = createSubscriptionServer({ schema, findCaller: options.findCaller, limits, log });
  const admit = admission(options.findCaller, limits);
  const handler = express.Router();
  handler.use('/stream', assignRequestId, admit, subscriptions.eventStream, answerError(log, limits));
  handler.use(assignRequestId, limitTime(limits.timeoutMs, log), admit, run, answerError(log, limits));
  return { handler, upgrade: subscriptions.upgrade, endStreams: subscriptions.close, stop: () => apollo.stop() };
}

function costPlugin(
  schema: GraphQLSchema,
  limits: GraphqlLimits,
  current: AsyncLocalStorage<CurrentRequest>,
): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, operation, request }) => {
        // Undefined, whatever its type says, when the operation name fits none; execution then says so.
        if (operation === undefined) return;
        const waiting = waitingRequest();
        if (waiting) waiting.isMutation = operation.operation === 'mutation';
        try {
          const cost = costOf(schema, document, request.operationName ?? undefined, request.variables, limits.maxCost);
          const store = current.getStore();
          if (store !== undefined) store.cost = cost;
        } catch (error) {
          if (!(error instanceof VitrineError)) throw error;
          throw new GraphQLError(error.message, { originalError: error, extensions: { http: { status: httpStatusOf(error.code) } } });
        }
      },
    }),
  };
}

/** When to ask again what was refused because too much waits. */
const RETRY_AFTER_S = 5;
const WELL_FORMED = new Set<unknown>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']);

/** HTTP statuses where GraphQL over HTTP and HTTP's own habits ask for another one than Apollo's. */
function statusPlugin(): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: async () => ({
      willSendResponse: async ({ request, response }) => {
        if (response.body.kind !== 'single' || response.body.singleResult.data) return;
        const code = response.body.singleResult.errors?.[0]?.extensions?.code;
        if (code === 'UNAUTHENTICATED') {
          response.http.status = 401;
          response.http.headers.set('www-authenticate', 'Bearer');
        }
        if (code === 'OVERLOADED') {
          response.http.status = httpStatusOf(code);
          response.http.headers.set('retry-after', String(RETRY_AFTER_S));
        }
        // The specification's wish for clients that name the older media type: 200 for what could be read at all.
        const accept = request.http?.headers.get('accept') ?? '';
        if (WELL_FORMED.has(code) && accept.includes('application/json') && !accept.includes('graphql-response'))
          response.http.status = 200;
      },
    }),
  };
}

/** What takes too long is given up, and then answered: so that the answer can say what became of it. */
function limitTime(timeoutMs: number, log: Logger): RequestHandler {
  return (_request, response, next) => {
    const waiting = waitingFor(response);
    // Reading the body loses whatever was set for the rest of the way.
    response.locals.waiting = waiting;
    const timer = setTimeout(async () => {
      if (response.headersSent) return;
      const slow = `This request took longer than ${timeoutMs / 1000} s`;
      await waiting.giveUp(new VitrineError('TIMEOUT', `${slow}. Ask for less at once.`));
      if (response.headersSent) return;
      const error = new VitrineError('TIMEOUT', `${slow}${outcomeOf(waiting)}`);
      response
        .status(504)
        .set('Connection', 'close')
        .json(toGraphqlAnswer(error, requestIdOf(response), log));
    }, timeoutMs);
    response.once('close', () => clearTimeout(timer));
    response.set('Cache-Control', 'no-store');
    next();
  };
}

function outcomeOf({ isMutation, hasWritten }: WaitingRequest): string {
  if (!isMutation) return '. Ask for less at once.';
  return hasWritten
    ? ' and was given up. What it had changed by then stays: look before you send it again.'
    : ' and was given up; nothing was changed. Ask for less at once, or send it again.';
}

/** Errors before GraphQL is reached: no key that is known, the body is too large, not JSON, in an unknown encoding. */
function answerError(log: Logger, limits: GraphqlLimits): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const requestId = requestIdOf(response);
    const { type, status } = error as { type?: string; status?: number };
    if (isVitrineError(error)) {
      if (error.code === 'UNAUTHENTICATED') response.set('WWW-Authenticate', 'Bearer');
      response.status(httpStatusOf(error.code)).json(toGraphqlAnswer(error, requestId, log));
    } else if (type === 'entity.too.large') {
      const tooLarge = new VitrineError(
        'PAYLOAD_TOO_LARGE',
        `The request body is larger than ${limits.maxBodyByteSize} bytes. Files go through staged uploads.`,
      );
      response.status(413).json(toGraphqlAnswer(tooLarge, requestId, log));
    } else if (status !== undefined && status >= 400 && status < 500) {
      const message =
        type === 'entity.parse.failed' ? 'The request body is not JSON.' : `The request body cannot be read (${type ?? status}).`;
      response.status(status).json({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }], extensions: { requestId } });
    } else {
      response.status(500).json(toGraphqlAnswer(error, requestId, log));
    }
  };
}
