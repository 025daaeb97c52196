import 'reflect-metadata';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from './config.js';
import { EmbedderPool } from './engines/embedding/embedder-pool.js';
import { EmbeddingService } from './engines/embedding/embedding.service.js';
import { ModelCatalog } from './engines/embedding/model-catalog.js';
import { ModelLibrary } from './engines/embedding/model-library.js';
import { createMediaAnalyzer } from './engines/media/media-analyzer.js';
import type { StageClock } from './exchange/imports/import-batch.job.js';
import { openManifestTemplate } from './exchange/imports/manifest-template.js';
import type { Logger } from './log.js';
import { openDatabase } from './platform/database/open-database.js';
import { openFileStore } from './platform/files/open-file-store.js';
import { createGraphqlServer } from './platform/graphql/server.js';
import { createHttpServer, type HttpServer } from './platform/http/http-server.js';
import { SigningKeys } from './platform/http/signing-keys.js';
import { WebOrigins } from './platform/http/web-origins.js';
import { JobBook } from './platform/jobs/job-declaration.js';
import { JobQueue } from './platform/jobs/job-queue.js';
import { type Room, servicesOf } from './platform/rooms/room.js';
import { type Ground, makeRooms } from './rooms.js';
import { buildSchema } from './schema.js';

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

/** Opens the world outside, and puts the rooms of rooms.ts on it. */
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
    const embedding = await EmbeddingService.create(database, models, { defaultName: await library.chosen() });
    const temporaryFolder = path.join(config.dataFolder, 'tmp');
    await mkdir(temporaryFolder, { recursive: true });

    let httpServer: HttpServer | undefined;
    const baseUrl = () => httpServer?.url ?? config.publicUrl ?? `http://${config.host}:${config.port}`;
    const { dataFolder, ownSigningSecrets: ownSecrets } = config;
    const signingKeys = await SigningKeys.open({ database, log, dataFolder, ownSecrets });
    closers.push(() => signingKeys.close());
    const { signer } = signingKeys;
    const origins = new WebOrigins(config);
    signal?.throwIfAborted();
    const libraryChanged = (organizationId: string) => jobs.libraryChanged(organizationId);

    const ground: Ground = {
      ...(onStage && { onStage }),
      config,
      log,
      database,
      files,
      embedding,
      catalog: new ModelCatalog(library, config.model),
      media,
      queue,
      signer,
      origins,
      baseUrl,
      temporaryFolder,
      libraryChanged,
    };
    const made = makeRooms(ground);
    const services = servicesOf(made);
    const rooms: readonly Room[] = made;
    const jobs = new JobBook(
      rooms.flatMap((room) => room.jobs ?? []),
      database,
      queue,
    );
    for (const { close } of rooms) if (close) closers.push(close);
    const schema = buildSchema(rooms);

    return {
      ...services,
      database,
      signingKeys,
      schema,

      /** Starts the queue; with `work` this process also does the jobs, after what dead workers and older versions left undone. */
      async startJobs(work: boolean): Promise<void> {
        closers.push(() => queue.stop());
        await jobs.open(signal);
        signal?.throwIfAborted();
        if (!work) return;
        await files.sweepTemporary();
        const recovered = await queue.enter();
        if (recovered > 0) log.warn({ jobs: recovered }, 'jobs of a worker that died are taken up again');
        await jobs.work();
        for (const { id } of await services.organizations.listOrganizations()) {
          signal?.throwIfAborted();
          for (const room of rooms) await room.adopt?.(id);
          await libraryChanged(id);
        }
      },

      /** Serves GraphQL, uploads, files and health. @returns the base address */
      async serve(): Promise<string> {
        const graphql = await createGraphqlServer({ schema, findCaller: services.findCaller, log });
        closers.push(() => graphql.stop());
        const server = await createHttpServer({
          host: config.host,
          port: config.port,
          publicUrl: config.publicUrl,
          log,
          shareWithOrigins: origins.share(),
          graphql: graphql.handler,
          session: services.sessionRoutes(),
          upgrade: graphql.upgrade,
          webFolder: fileURLToPath(new URL('./web', import.meta.url)),
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
          async openFile(token) {
            for (const room of rooms) {
              const file = await room.openFile?.(token);
              if (file) return file;
            }
            return null;
          },
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
