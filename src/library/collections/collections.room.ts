import type { Database } from '../../platform/database/database.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import type { Room } from '../../platform/rooms/room.js';
import { CollectionResolver } from './collection.resolver.js';
import { CollectionService, type MembershipListener } from './collection.service.js';

export function collectionsRoom({ database, afterChange }: { database: Database } & MembershipListener) {
  const collections = new CollectionService(database, { afterChange });
  return {
    services: { collections },
    resolvers: [new CollectionResolver(collections)],
    nodes: { Collection: (viewer, key) => collections.findCollection(viewer, toGlobalId('Collection', key)) },
  } satisfies Room;
}
