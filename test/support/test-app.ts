import 'reflect-metadata';
import { ROLES, type Role } from '../../src/viewer.js';
import { type App, createApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { recordingLog } from '../support/recording-log.js';
import { freshDatabase } from '../support/test-database.js';

export interface TestOrganization {
  id: string;
  slug: string;
  keys: Record<Role, string>;
}

export interface GraphqlAnswer {
  status: number;
  /** The whole body as it came. */
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a query selects is known where it is written
  data: any;
  errors: { message: string; path?: (string | number)[]; extensions: { code?: string; field?: string } }[];
}

export interface TestApp {
  app: App;
  url: string;
  dataFolder: string;
  /** By slug. */
  organizations: Record<string, TestOrganization>;
  /** What the app logged, warnings and errors included. */
  logLines: Record<string, unknown>[];
  /** @param key API key; null sends none */
  graphql(query: string, variables: object, key: string | null): Promise<GraphqlAnswer>;
  /** The data of an answer without errors; throws with the errors otherwise. */
  // biome-ignore lint/suspicious/noExplicitAny: what a query selects is known where it is written
  ask(query: string, variables: object, key: string): Promise<any>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  /** Slugs; the first is `main` unless told. */
  organizations?: readonly string[];
  /** Environment variables as users set them, such as VITRINE_IMPORT_ROOTS. */
  config?: Record<string, string>;
}

/** The whole program on a fresh database of this run's engine: it serves on a free port of loopback and does its own jobs. */
export async function openTestApp({ organizations = ['main'], config = {} }: TestAppOptions = {}): Promise<TestApp> {
  const settings = await freshDatabase();
  const { log, lines } = recordingLog();
  const environment = {
    VITRINE_DATA: settings.dataFolder,
    VITRINE_PORT: '0',
    VITRINE_DATABASE_POOL: String(settings.poolSize),
    VITRINE_MODEL_THREADS: '1',
    ...('url' in settings && { DATABASE_URL: settings.url }),
    ...config,
  };
  let app: App | undefined;
  const close = async () => {
    await app?.stop();
    await settings.remove();
  };
  try {
    app = await createApp(readConfig(environment), log);
    const made: Record<string, TestOrganization> = {};
    for (const slug of organizations) made[slug] = await makeOrganization(app, slug);
    await app.startJobs(true);
    const url = await app.serve();
    const graphql = (query: string, variables: object, key: string | null) => post(url, query, variables, key);
    const ask: TestApp['ask'] = async (query, variables, key) => {
      const answer = await graphql(query, variables, key);
      if (answer.errors.length > 0 || answer.data == null) throw new Error(`GraphQL answered ${answer.status}: ${answer.text}`);
      return answer.data;
    };
    return { app, url, dataFolder: settings.dataFolder, organizations: made, logLines: lines, graphql, ask, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeOrganization(app: App, slug: string): Promise<TestOrganization> {
  const { id } = await app.organizations.ensureOrganization(slug, `Organisation ${slug}`);
  const keys = {} as Record<Role, string>;
  for (const role of ROLES) keys[role] = (await app.apiKeys.createForOrganization(id, { name: `${slug} ${role}`, role })).key;
  return { id, slug, keys };
}

async function post(url: string, query: string, variables: object, key: string | null): Promise<GraphqlAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== null && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  const { data, errors = [] } = JSON.parse(text) as Partial<GraphqlAnswer>;
  return { status: response.status, text, data, errors };
}
