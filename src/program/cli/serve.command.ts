import type { Role, Viewer } from '../../viewer.js';
import { type App, createApp } from '../../app.js';
import type { Config } from '../../config.js';
import type { Logger } from '../../log.js';
import { readLocalAddress, writeLocalAddress } from './api-client.js';
import { asOwner, firstApiKey } from './owner.js';

/** `vitrine serve`: the API and, unless told otherwise, the worker, until the process is asked to stop. */
export async function serveCommand(config: Config, log: Logger, { worker }: { worker: boolean }): Promise<void> {
  const app = await createApp(config, log);
  const stopped = stopOnSignal(app, log);
  try {
    await app.startJobs(worker);
    const url = await app.serve();
    const owner = await asOwner(app);
    const key = await firstApiKey(app, owner);
    await keepLocalKey(app, owner, 'EDITOR', { dataFolder: config.dataFolder, server: url });
    process.stdout.write(`Vitrine serves ${config.dataFolder} at ${url}\n`);
    if (key !== null) process.stdout.write(`API key of the role ADMIN, shown only now: ${key}\n`);
  } catch (error) {
    await app.stop();
    throw error;
  }
  await stopped;
}

/**
 * Lets `vitrine import` on this machine reach the server that has the data folder open. The key is made once and kept beside the data.
 * @returns the key
 */
export async function keepLocalKey(
  app: App,
  owner: Viewer,
  role: Role,
  { dataFolder, server }: { dataFolder: string; server: string },
): Promise<string> {
  const known = await readLocalAddress(dataFolder);
  const valid = known !== null && (await app.apiKeys.authenticate(known.apiKey)) !== null;
  const apiKey = valid ? known.apiKey : (await app.apiKeys.create(owner, { name: 'command line', role })).key;
  await writeLocalAddress(dataFolder, { server, apiKey });
  return apiKey;
}

/** `vitrine worker`: only the jobs, beside a server elsewhere. */
export async function workerCommand(config: Config, log: Logger): Promise<void> {
  const app = await createApp(config, log);
  const stopped = stopOnSignal(app, log);
  try {
    await app.startJobs(true);
  } catch (error) {
    // What is open would keep the process alive, without work.
    await app.stop();
    throw error;
  }
  log.info('worker started');
  await stopped;
}

/** Resolves when SIGINT or SIGTERM has come and the app has stopped. A second signal ends the process at once: nothing is lost by that. */
export function stopOnSignal(app: App, log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: string) => {
      if (asked) process.exit(130);
      asked = true;
      log.info({ signal }, 'stopping');
      void app.stop().then(resolve);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}
