import type { Room } from '../../platform/rooms/room.js';
import { RemedyResolver } from './remedy.resolver.js';
import { RemedyService } from './remedy.service.js';

export function remediesRoom(needs: ConstructorParameters<typeof RemedyService>[0]) {
  const remedies = new RemedyService(needs);
  return { services: { remedies }, resolvers: [new RemedyResolver(remedies)] } satisfies Room;
}
