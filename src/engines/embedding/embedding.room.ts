import type { Logger } from '../../log.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import { ProgressWatch } from '../../platform/jobs/progress-watch.js';
import type { Room } from '../../platform/rooms/room.js';
import type { MediaAnalyzer } from '../media/media-analyzer.js';
import { EmbeddingResolver } from './embedding.resolver.js';
import type { EmbeddingService, LibraryModel } from './embedding.service.js';
import type { ModelCatalog } from './model-catalog.js';
import { MODEL_INSTALLATION, ModelInstallationJob } from './model-installation.job.js';
import { MODEL_INSTALLATION_CHANGED, ModelInstallationResolver, type ModelInstallationTopic } from './model-installation.resolver.js';
import { ModelInstallationService } from './model-installation.service.js';
import { ModelRevisionResolver } from './model-revision.resolver.js';
import { ModelRevisionService } from './model-revision.service.js';
import { REVISION_BUILD, RevisionBuildJob, type RevisionJudge } from './revision-build.job.js';
import { TILE_LISTING, TileListingJob } from './tile-listing.job.js';
import { VECTOR_INDEX, VectorIndexJob } from './vector-index.job.js';

interface EmbeddingNeeds {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  queue: JobQueue;
  log: Logger;
  embedding: EmbeddingService;
  catalog: ModelCatalog;
  tileRows: number;
  judge: RevisionJudge;
  /** Makes what scores mean under a model. */
  calibrate(organizationId: string, model: LibraryModel): Promise<unknown>;
  libraryChanged(organizationId: string): Promise<void>;
  /** Another revision came into use, or embedded something. */
  modelChanged(organizationId: string): Promise<void>;
}

export function embeddingRoom({ database, files, media, queue, log, embedding, catalog, tileRows, judge, ...after }: EmbeddingNeeds) {
  const modelRevisions = new ModelRevisionService(database, embedding, queue, judge, log);
  const modelInstallations = new ModelInstallationService(database, queue, catalog, modelRevisions);
  const watch = new ProgressWatch(modelInstallations);
  const prepareSearch = async (organizationId: string, model: LibraryModel) => {
    await embedding.maintainVectorIndex(organizationId, model.revision);
    await after.calibrate(organizationId, model);
  };
  const build = { database, files, media, embedding, queue, judge, prepareSearch, afterBuild: after.modelChanged };
  const afterListing = async (organizationId: string) => {
    await after.libraryChanged(organizationId);
    await modelRevisions.catchUp(organizationId);
  };
  const tiles = new TileListingJob({ database, afterListing }, tileRows);
  return {
    services: { embedding, modelRevisions, modelInstallations },
    resolvers: [
      new EmbeddingResolver(embedding),
      new ModelRevisionResolver(modelRevisions),
      new ModelInstallationResolver(modelInstallations),
    ],
    jobs: [
      declareJob({ kind: REVISION_BUILD, handler: () => new RevisionBuildJob(build, log) }),
      declareJob({ kind: MODEL_INSTALLATION, handler: () => new ModelInstallationJob({ database, queue, embedding, catalog, log }) }),
      declareJob({ kind: TILE_LISTING, handler: () => tiles }),
      declareJob({ kind: VECTOR_INDEX, handler: () => new VectorIndexJob(embedding), followsLibrary: true }),
    ],
    events: { [MODEL_INSTALLATION_CHANGED]: ({ viewer, model }: ModelInstallationTopic) => watch.follow(viewer, model) },
    async adopt(organizationId) {
      await modelRevisions.followDefault(organizationId);
      if (await tiles.isNeeded(organizationId))
        await database.asOrganization(organizationId, (tx) => queue.enqueue(tx, TILE_LISTING, [{ organizationId }]));
      await modelRevisions.catchUp(organizationId);
      await embedding.tidy(organizationId);
    },
    close: () => embedding.close(),
  } satisfies Room;
}
