import type { Database } from '../../platform/database/database.js';
import type { Room } from '../../platform/rooms/room.js';
import { CollectionResolver } from './collection.resolver.js';
import { CollectionService, type MembershipListener } from './collection.service.js';

export function collectionsRoom({ database, afterChange }: { database: Database } & MembershipListener) {
  const collections = new CollectionService(database, { afterChange });
  return {
    services: { collections },
    resolvers: [new CollectionResolver(collections)],
    nodes: { Collection: (viewer, keys) => collections.findMany(viewer, keys) },
  } satisfies Room;
}
