import { oneByOne } from '../../platform/graphql/node.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { AssetService } from '../../library/assets/asset.service.js';
import type { TagService } from '../../library/tags/tag.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Room } from '../../platform/rooms/room.js';
import { AssetMatchesResolver } from './asset-matches.resolver.js';
import { BiasResolver } from './bias.resolver.js';
import { BiasService } from './bias.service.js';
import { CALIBRATION, CalibrationJob } from './calibration.job.js';
import { CalibrationService } from './calibration.service.js';
import { ClassificationResolver } from './classification.resolver.js';
import { ClassificationService } from './classification.service.js';
import { ConceptCalibrationResolver } from './concept-calibration.resolver.js';
import { ConceptCalibrationService } from './concept-calibration.service.js';
import { CONCEPT_MATCH, ConceptMatchJob } from './concept-match.job.js';
import { ConceptMatching } from './concept-matching.js';
import { ConceptVectors } from './concept-vectors.js';
import { ConceptResolver } from './concept.resolver.js';
import { ConceptService } from './concept.service.js';
import { MatchResolver } from './match.resolver.js';
import { MatchService } from './match.service.js';

interface ConceptNeeds {
  database: Database;
  queue: JobQueue;
  embedding: EmbeddingService;
  assets: AssetService;
  tags: TagService;
}

export function conceptsRoom({ database, queue, embedding, assets, tags }: ConceptNeeds) {
  const calibration = new CalibrationService(database, embedding);
  const conceptVectors = new ConceptVectors(database, embedding);
  const matching = new ConceptMatching(database, conceptVectors);
  const changes = {
    afterChange: (tx: OrganizationTx) => queue.enqueue(tx, CONCEPT_MATCH, [{ organizationId: tx.organizationId }]),
    afterCommit: () => queue.wake(CONCEPT_MATCH),
  };
  const matchWhereNeeded = async (organizationId: string) => {
    if (await matching.isNeeded(organizationId)) await database.asOrganization(organizationId, changes.afterChange);
  };
  const concepts = new ConceptService(database, conceptVectors, changes);
  const conceptCalibration = new ConceptCalibrationService(database, conceptVectors, assets, changes);
  const matches = new MatchService(database, assets, tags);
  return {
    services: { calibration, matching, concepts, conceptCalibration, matches },
    /** Has pictures compared again where concepts or the model have changed. */
    matchWhereNeeded,
    resolvers: [
      new AssetMatchesResolver(matches),
      new BiasResolver(new BiasService(database, conceptVectors, tags)),
      new ClassificationResolver(new ClassificationService(database, conceptVectors)),
      new ConceptCalibrationResolver(conceptCalibration),
      new ConceptResolver(concepts),
      new MatchResolver(matches),
    ],
    jobs: [
      declareJob({ kind: CALIBRATION, handler: () => new CalibrationJob(calibration), followsLibrary: true }),
      declareJob({ kind: CONCEPT_MATCH, handler: () => new ConceptMatchJob(matching) }),
    ],
    nodes: {
      Concept: (viewer, keys) => concepts.findMany(viewer, keys),
      ConceptMatch: oneByOne((viewer, key) => matches.find(viewer, key)),
    },
    adopt: matchWhereNeeded,
  } satisfies Room & { matchWhereNeeded(organizationId: string): Promise<void> };
}
