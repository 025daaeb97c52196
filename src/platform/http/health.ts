import type { RequestHandler } from 'express';
import type { Logger } from '../../log.js';

/** One line per part: `ok`, or what is the matter in words that may be shown to anyone. */
export type Readiness = () => Promise<Record<string, 'ok' | (string & {})>>;

const TIMEOUT_MS = 5000;

/** 200 when every part is `ok`, else 503; the parts are named in both. */
export function readinessHandler(readiness: Readiness, log: Logger): RequestHandler {
  return async (_request, response) => {
    const checks = await within(readiness, TIMEOUT_MS).catch((error: unknown) => {
      log.error({ err: error }, 'the readiness check failed');
      return { readiness: 'the check itself failed; see the log' };
    });
    const ready = Object.values(checks).every((state) => state === 'ok');
    response.set('Cache-Control', 'no-store');
    response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'unavailable', checks });
  };
}

async function within(readiness: Readiness, timeoutMs: number): Promise<Record<string, string>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Record<string, string>>((resolve) => {
    timer = setTimeout(() => resolve({ readiness: `no answer within ${timeoutMs / 1000} s` }), timeoutMs);
  });
  try {
    return await Promise.race([readiness(), late]);
  } finally {
    clearTimeout(timer);
  }
}
