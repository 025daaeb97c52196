import express, { type Request, type Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import { z } from 'zod';
import { badInput, VitrineError } from '../../errors.js';
import type { Role, Viewer } from '../../viewer.js';
import type { WebOrigins } from '../http/web-origins.js';
import type { OrganizationService } from './organization.service.js';
import { SESSION_LIFETIME_S, type SessionService } from './session.service.js';
import type { SessionCookie } from './session-cookie.js';

const BODY_BYTE_SIZE = 4096;
/** A key cannot be guessed; what is saved is the work of looking each one up. */
const FAILURES_PER_MINUTE = 20;

const SignIn = z.object({ key: z.string() });

/** The answer of GET /session. */
interface SessionInfo {
  signedIn: boolean;
  /** What the key behind the session may do. */
  role: Role | null;
  /** Name of the organisation. */
  organization: string | null;
  keyName: string | null;
}

const NOBODY: SessionInfo = { signedIn: false, role: null, organization: null, keyName: null };

export interface SessionRoutesOptions {
  sessions: SessionService;
  organizations: OrganizationService;
  cookie: SessionCookie;
  origins: WebOrigins;
}

/** Programs send neither header; a browser sends at least one with whatever may change something. */
function isFromPage({ headers }: Request): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
}

/** Signing in with an API key, which then need not be kept in a page: POST, DELETE and GET of /session. */
export function sessionRoutes({ sessions, organizations, cookie, origins }: SessionRoutesOptions): Router {
  const limitFailures = rateLimit({
    windowMs: 60_000,
    limit: FAILURES_PER_MINUTE,
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // Addresses that a caller writes into a header are no ground for a limit: the one that connects is counted.
    validate: { xForwardedForHeader: false },
    handler: (_request, _response, next) =>
      next(new VitrineError('RATE_LIMITED', 'Too many keys were tried and refused from this address. Try again in a minute.')),
  });
  const describe = async (viewer: Viewer | null): Promise<SessionInfo> => {
    if (viewer === null) return NOBODY;
    const { name } = await organizations.getOrganization(viewer);
    return { signedIn: true, role: viewer.role, organization: name, keyName: viewer.apiKeyName };
  };

  const routes = express.Router();
  routes.use((request, response, next) => {
    response.set('Cache-Control', 'no-store');
    // With or without a cookie: a page elsewhere shall not sign a person in as somebody else, nor out.
    if (isFromPage(request)) origins.requireOwn(request);
    next();
  });
  routes.post('/', limitFailures, express.json({ limit: BODY_BYTE_SIZE }), async (request, response) => {
    const given = SignIn.safeParse(request.body);
    if (!given.success) throw badInput('key', undefined, 'an API key', 'Send JSON: {"key": "<API key>"}.');
    const token = await sessions.open(given.data.key.trim());
    response.append('Set-Cookie', cookie.keep(request, token, SESSION_LIFETIME_S));
    response.status(204).end();
  });
  routes.delete('/', (_request, response) => {
    response.append('Set-Cookie', cookie.remove());
    response.status(204).end();
  });
  routes.get('/', async (request, response) => {
    const token = cookie.read(request);
    const info = await describe(token === null ? null : await sessions.resume(token));
    if (token !== null && !info.signedIn) response.append('Set-Cookie', cookie.remove());
    response.json(info);
  });
  return routes;
}
