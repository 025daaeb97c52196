import type { Database } from '../database/database.js';
import { oneByOne } from '../graphql/node.js';
import type { FindCaller } from '../http/caller.js';
import type { Signer } from '../http/signed-token.js';
import type { WebOrigins } from '../http/web-origins.js';
import type { Room } from '../rooms/room.js';
import { ApiKeyResolver } from './api-key.resolver.js';
import { ApiKeyService } from './api-key.service.js';
import { Callers } from './callers.js';
import { OrganizationService } from './organization.service.js';
import { SessionService } from './session.service.js';
import { SessionCookie } from './session-cookie.js';
import { sessionRoutes } from './session-routes.js';
import { toOrganization } from './viewer.types.js';
import { ViewerResolver } from './viewer.resolver.js';

interface AccessNeeds {
  database: Database;
  signer: Signer;
  origins: WebOrigins;
}

export function accessRoom({ database, signer, origins }: AccessNeeds) {
  const organizations = new OrganizationService(database);
  const apiKeys = new ApiKeyService(database);
  const sessions = new SessionService(apiKeys, signer);
  const cookie = new SessionCookie(origins);
  const callers = new Callers(apiKeys, sessions, cookie, origins);
  const findCaller: FindCaller = (request) => callers.find(request);
  return {
    services: { organizations, apiKeys, findCaller, sessionRoutes: () => sessionRoutes({ sessions, organizations, cookie, origins }) },
    resolvers: [new ApiKeyResolver(apiKeys), new ViewerResolver(organizations)],
    nodes: {
      ApiKey: oneByOne((viewer, key) => apiKeys.find(viewer, key)),
      // Of organisations one sees one's own.
      Organization: oneByOne(async (viewer, key) =>
        key === viewer.organizationId ? toOrganization(await organizations.getOrganization(viewer)) : null,
      ),
    },
  } satisfies Room;
}
