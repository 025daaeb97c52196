import 'reflect-metadata';
import type { Config } from './config.js';
import { openDatabase } from './platform/database/open-database.js';
import { EmbedderPool } from './engines/embedding/embedder-pool.js';
import { ModelLibrary } from './engines/embedding/model-library.js';
import { openFileStore } from './platform/files/open-file-store.js';
import { createGraphqlServer } from './platform/graphql/server.js';
import { createHttpServer, type HttpServer } from './platform/http/http-server.js';
import { SigningKeys } from './platform/http/signing-keys.js';
import type { StageClock } from './exchange/imports/import-batch.job.js';
import { openManifestTemplate } from './exchange/imports/manifest-template.js';
import { JobQueue } from './platform/jobs/job-queue.js';
import type { Logger } from './log.js';
import { createMediaAnalyzer } from './engines/media/media-analyzer.js';
import { buildSchema } from './resolvers.js';
import { buildServices, type Ground } from './services.js';
import { JOB_KINDS, startWorkers } from './workers.js';

export const EXAMPLE_QUERIES = [
  `# Pictures by what is in them, among those with a tag
query Search {
  assets(query: "a red car", filter: { tags: { any: ["kind/banner"] } }, first: 5) {
    totalCount
    search { mode exhaustive notices }
    edges { score node { id title tags thumbnailUrl } }
  }
}`,
  `# How a brand's assets stand against its guidelines
query Report {
  brands(first: 5) {
    edges {
      node {
        name
        complianceReport(worst: 3) {
          score
          coverage
          perRule { title violations }
          worstAssets { title findings { message } }
        }
      }
    }
  }
}`,
] as const;

export interface AppOptions {
  onStage?: StageClock;
  /** Aborted when the process is asked to stop: a start that is not over is broken off, and what it opened closed. */
  signal?: AbortSignal;
}

/** Every part of Vitrine, built once, top to bottom: the world outside here, then services.ts, resolvers.ts and workers.ts. */
export async function createApp(config: Config, log: Logger, { onStage, signal }: AppOptions = {}) {
  const closers: (() => Promise<unknown>)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close().catch((error: unknown) => log.error({ err: error }, 'while stopping'));
  };
  try {
    const database = await openDatabase({ ...config.database, dataFolder: config.dataFolder, ...(signal && { signal }) });
    closers.push(() => database.close());
    signal?.throwIfAborted();
    const files = await openFileStore(config.storage);
    closers.push(() => files.close());
    signal?.throwIfAborted();
    const library = new ModelLibrary(config.model);
    const models = new EmbedderPool(library, config.model);
    closers.push(() => models.close());
    const media = createMediaAnalyzer(config.media);
    closers.push(() => media.close());
    const queue = new JobQueue(database, log);

    let httpServer: HttpServer | undefined;
    const baseUrl = () => httpServer?.url ?? config.publicUrl ?? `http://${config.host}:${config.port}`;
    const { dataFolder, ownSigningSecrets: ownSecrets } = config;
    const signingKeys = await SigningKeys.open({ database, log, dataFolder, ownSecrets });
    closers.push(() => signingKeys.close());
    const { signer } = signingKeys;

    const ground: Ground = { config, log, database, files, library, models, media, queue, signer, baseUrl };
    const services = await buildServices(ground);
    closers.push(() => services.embedding.close());
    closers.push(() => services.importBuckets.close());
    signal?.throwIfAborted();
    const schema = buildSchema(services, ground);

    return {
      ...services,
      database,
      signingKeys,
      schema,

      /** Starts the queue; with `work` this process also does the jobs. */
      async startJobs(work: boolean): Promise<void> {
        closers.push(() => queue.stop());
        await queue.start(JOB_KINDS, signal);
        signal?.throwIfAborted();
        if (work) await startWorkers(ground, services, { ...(onStage && { onStage }), onStop: (close) => closers.push(close) });
        signal?.throwIfAborted();
      },

      /** Serves GraphQL, uploads, files and health. @returns the base address */
      async serve(): Promise<string> {
        const graphql = await createGraphqlServer({ schema, authenticate: (secret) => services.apiKeys.authenticate(secret), log });
        closers.push(() => graphql.stop());
        const server = await createHttpServer({
          host: config.host,
          port: config.port,
          publicUrl: config.publicUrl,
          log,
          graphql: graphql.handler,
          upgrade: graphql.upgrade,
          exampleQueries: EXAMPLE_QUERIES,
          readiness: async () => ({
            database: await database.ping().then(
              () => 'ok' as const,
              () => 'does not answer',
            ),
            storage: await files.check().then(
              () => 'ok' as const,
              () => 'cannot be written',
            ),
          }),
          receiveUpload: (token, stream) => services.uploads.receive(token, stream),
          resumableUpload: (request, response) => services.resumableUploads.handle(request, response),
          openFile: async (token) =>
            (await services.assetFiles.open(token)) ?? (await services.delivery.open(token)) ?? services.reportExports.open(token),
          openImportResult: (token) => services.importResults.open(token),
          openExport: (token) => services.assetExports.open(token),
          openManifestTemplate,
        });
        httpServer = server;
        closers.push(services.resumableUploads.sweepRegularly());
        closers.push(() => server.close());
        // Before the server waits for its connections to end.
        closers.push(() => graphql.endStreams());
        return server.url;
      },

      /** Stops in the reverse order of starting: no new requests, running jobs finish or are given back, then the database. */
      stop: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

export type App = Awaited<ReturnType<typeof createApp>>;
