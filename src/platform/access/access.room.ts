import type { Database } from '../database/database.js';
import type { Room } from '../rooms/room.js';
import { ApiKeyResolver } from './api-key.resolver.js';
import { ApiKeyService } from './api-key.service.js';
import { OrganizationService } from './organization.service.js';
import { ViewerResolver } from './viewer.resolver.js';

export function accessRoom({ database }: { database: Database }) {
  const organizations = new OrganizationService(database);
  const apiKeys = new ApiKeyService(database);
  return {
    services: { organizations, apiKeys },
    resolvers: [new ApiKeyResolver(apiKeys), new ViewerResolver(organizations)],
  } satisfies Room;
}
