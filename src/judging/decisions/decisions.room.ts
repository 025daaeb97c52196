import type { Database } from '../../platform/database/database.js';
import type { Room } from '../../platform/rooms/room.js';
import type { ComplianceService } from '../judgements/compliance.service.js';
import { DecisionResolver } from './decision.resolver.js';
import { toWaiver } from './decision.types.js';
import { ReviewService } from './review.service.js';
import { WaiverService } from './waiver.service.js';

export function decisionsRoom({ database, compliance }: { database: Database; compliance: ComplianceService }) {
  const reviews = new ReviewService(database, compliance);
  const waivers = new WaiverService(database, compliance);
  return {
    services: { reviews, waivers },
    resolvers: [new DecisionResolver(reviews, waivers)],
    nodes: {
      Waiver: async (viewer, keys) => (await waivers.findMany(viewer, keys)).map((waiver) => waiver && toWaiver(waiver)),
    },
  } satisfies Room;
}
