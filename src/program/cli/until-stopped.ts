import { type App, createApp } from '../../app.js';
import type { Config } from '../../config.js';
import type { Logger } from '../../log.js';

/**
 * Opens the program and does `begin`; when that leaves it serving, waits for SIGINT or SIGTERM. Then everything that was opened is closed,
 * in whatever state the start was. A second signal ends the process at once: nothing is lost by that.
 */
export async function untilStopped(
  config: Config,
  log: Logger,
  begin: (app: App, signal: AbortSignal) => Promise<'serving' | 'done'>,
): Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const asked = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  let name = '';
  const stop = (given: string) => {
    if (signal.aborted) process.exit(130);
    name = given;
    log.info({ signal: name }, 'stopping');
    stopping.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  let app: App | undefined;
  try {
    app = await createApp(config, log, { signal });
    if ((await begin(app, signal)) === 'serving') await asked;
  } catch (error) {
    // What had to be broken off fails in words of its own.
    if (!signal.aborted) throw error;
    process.stderr.write(`Stopped by ${name} before the start was over. What was done so far stays; the next start goes on.\n`);
  } finally {
    await app?.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
