import type { IncomingHttpHeaders } from 'node:http';
import type { Viewer } from '../../viewer.js';

/** What of a request says who sends it, and from where. */
export interface CallingRequest {
  method?: string | undefined;
  headers: IncomingHttpHeaders;
}

/** Who sends a request, by an API key or by a session. */
export interface Caller {
  readonly viewer: Viewer;
  /** Asks again, while a stream stays open; null once the key was revoked or has expired, or the session has ended. */
  again(): Promise<Viewer | null>;
}

/**
 * Null when neither key nor session was sent.
 * @throws VitrineError UNAUTHENTICATED when what was sent is unknown or has ended, FORBIDDEN when a page of another origin uses the session
 */
export type FindCaller = (request: CallingRequest) => Promise<Caller | null>;
