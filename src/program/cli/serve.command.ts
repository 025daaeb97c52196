import { mayActAs, type Viewer } from '../../viewer.js';
import { modelNotices } from './import.command.js';
import type { App } from '../../app.js';
import type { Config } from '../../config.js';
import type { Logger } from '../../log.js';
import { readLocalAddress, writeLocalAddress } from './api-client.js';
import { asOwner, firstApiKey } from './owner.js';
import { untilStopped } from './until-stopped.js';

/** `vitrine serve`: the API and, unless told otherwise, the worker, until the process is asked to stop. */
export function serveCommand(config: Config, log: Logger, { worker }: { worker: boolean }): Promise<void> {
  return untilStopped(config, log, async (app) => {
    await app.startJobs(worker);
    const url = await app.serve();
    const owner = await asOwner(app);
    const key = await firstApiKey(app, owner);
    const localKey = await keepLocalKey(app, owner, { dataFolder: config.dataFolder, server: url });
    process.stdout.write(`Vitrine serves ${config.dataFolder} at ${url}\n`);
    if (key !== null)
      process.stdout.write(`API key of the role ADMIN, shown only now: ${key}\nOpen it in a browser, signed in: ${studioLink(url, key)}\n`);
    // For the person at this machine; what a service prints is kept by its log.
    if (key === null && process.stdout.isTTY) process.stdout.write(`Open it in a browser, signed in: ${studioLink(url, localKey)}\n`);
    for (const notice of await modelNotices(app, owner)) process.stdout.write(`${notice}\n`);
    return 'serving';
  });
}

/**
 * Lets commands on this machine reach the server that has the data folder open, and do there what they may do without it: everything. The key
 * is made once and kept beside the data, for those alone who could open the library themselves.
 * @returns the key
 */
export async function keepLocalKey(
  app: App,
  owner: Viewer,
  { dataFolder, server }: { dataFolder: string; server: string },
): Promise<string> {
  const known = await readLocalAddress(dataFolder);
  const viewer = known && (await app.apiKeys.authenticate(known.apiKey));
  const isKept = known !== null && viewer !== null && mayActAs(viewer, 'ADMIN');
  const apiKey = isKept ? known.apiKey : (await app.apiKeys.create(owner, { name: 'command line', role: 'ADMIN' })).key;
  await writeLocalAddress(dataFolder, { server, apiKey });
  return apiKey;
}

/** Signs in by itself: what stands behind # is sent to no server, and the page takes it out of the address before anything else. */
export const studioLink = (url: string, key: string): string => `${url}/#key=${encodeURIComponent(key)}`;

/** `vitrine worker`: only the jobs, beside a server elsewhere. */
export function workerCommand(config: Config, log: Logger): Promise<void> {
  return untilStopped(config, log, async (app) => {
    await app.startJobs(true);
    log.info('worker started');
    return 'serving';
  });
}
