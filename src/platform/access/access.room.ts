import type { Database } from '../database/database.js';
import type { Room } from '../rooms/room.js';
import { ApiKeyResolver } from './api-key.resolver.js';
import { ApiKeyService } from './api-key.service.js';
import { OrganizationService } from './organization.service.js';
import { toOrganization } from './viewer.types.js';
import { ViewerResolver } from './viewer.resolver.js';

export function accessRoom({ database }: { database: Database }) {
  const organizations = new OrganizationService(database);
  const apiKeys = new ApiKeyService(database);
  return {
    services: { organizations, apiKeys },
    resolvers: [new ApiKeyResolver(apiKeys), new ViewerResolver(organizations)],
    nodes: {
      ApiKey: (viewer, key) => apiKeys.find(viewer, key),
      // Of organisations one sees one's own.
      Organization: async (viewer, key) =>
        key === viewer.organizationId ? toOrganization(await organizations.getOrganization(viewer)) : null,
    },
  } satisfies Room;
}
