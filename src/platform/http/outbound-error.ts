export type OutboundReason = 'UNKNOWN_HOST' | 'UNREACHABLE' | 'SLOW' | 'REDIRECTS' | 'INSECURE_REDIRECT' | 'TOO_LARGE';

/** Why a request came to nothing. The message names the host, and never a path or parameters: they may hold a signature. */
export class OutboundError extends Error {
  readonly reason: OutboundReason;

  constructor(reason: OutboundReason, url: URL, what: string, cause?: unknown) {
    super(`${url.host} ${what}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }

  /** Whether the same request may go well another time. */
  get mayPass(): boolean {
    return this.reason === 'UNREACHABLE' || this.reason === 'SLOW';
  }
}

const BUSY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Whether a server that answers so may answer otherwise a little later. */
export function isBusy(status: number): boolean {
  return BUSY.has(status);
}
