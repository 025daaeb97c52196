import type { Database } from '../../platform/database/database.js';
import type { Room } from '../../platform/rooms/room.js';
import { HistoryResolver } from './history.resolver.js';
import { HistoryService } from './history.service.js';

export function historyRoom({ database }: { database: Database }) {
  const history = new HistoryService(database);
  return { services: { history }, resolvers: [new HistoryResolver(history)] } satisfies Room;
}
