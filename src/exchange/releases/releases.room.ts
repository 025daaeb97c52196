import type { ComplianceService } from '../../judging/judgements/compliance.service.js';
import type { Database } from '../../platform/database/database.js';
import type { Room } from '../../platform/rooms/room.js';
import type { RemedyService } from '../remedies/remedy.service.js';
import { ReleaseResolver } from './release.resolver.js';
import { ReleaseService } from './release.service.js';

interface ReleaseNeeds {
  database: Database;
  compliance: ComplianceService;
  remedies: RemedyService;
}

export function releasesRoom({ database, compliance, remedies }: ReleaseNeeds) {
  const releases = new ReleaseService(database, compliance, remedies);
  return { services: { releases }, resolvers: [new ReleaseResolver(releases)] } satisfies Room;
}
