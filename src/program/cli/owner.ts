import type { Viewer } from '../../viewer.js';
import type { App } from '../../app.js';

const DEFAULT_ORGANIZATION = 'main';

/** The command line on the server's own machine acts as an administrator of its organisation: whoever can start it owns the data. */
export async function asOwner(app: App, name = 'My library'): Promise<Viewer> {
  const organization = await app.organizations.ensureOrganization(DEFAULT_ORGANIZATION, name);
  return { organizationId: organization.id, apiKeyId: '00000000-0000-0000-0000-000000000000', apiKeyName: 'command line', role: 'ADMIN' };
}

/** The first key of a library, shown once; null when there are keys already. */
export async function firstApiKey(app: App, owner: Viewer): Promise<string | null> {
  const known = await app.apiKeys.list(owner, 1);
  if (known.totalCount > 0) return null;
  return (await app.apiKeys.create(owner, { name: 'first key', role: 'ADMIN' })).key;
}
