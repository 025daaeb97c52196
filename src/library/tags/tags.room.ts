import { oneByOne } from '../../platform/graphql/node.js';
import type { Database } from '../../platform/database/database.js';
import type { Room } from '../../platform/rooms/room.js';
import { TagResolver } from './tag.resolver.js';
import { type TagChangeListener, TagService } from './tag.service.js';

export function tagsRoom({ database, afterChange }: { database: Database } & TagChangeListener) {
  const tags = new TagService(database, { afterChange });
  return {
    services: { tags },
    resolvers: [new TagResolver(tags)],
    nodes: { Tag: oneByOne((viewer, key) => tags.find(viewer, Number(key))) },
  } satisfies Room;
}
