import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { Database } from '../../src/platform/database/database.js';
import { openDatabase } from '../../src/platform/database/open-database.js';
import { sql } from '../../src/platform/database/sql.js';
import { freshDatabase } from '../support/test-database.js';
import { isRunning, pause, VitrineProcess } from '../support/vitrine-process.js';

/** How often a fault is repeated that turns up by chance: 10 before a release (`VITRINE_TEST_ROUNDS=10 npm run test:faults`), fewer each time. */
export const ROUNDS = Number(process.env.VITRINE_TEST_ROUNDS ?? 3);

export interface Progress {
  state: string;
  counts: { total: number; pending: number; created: number; duplicate: number; rejected: number; failed: number };
}

const IMPORT = '{ id state counts { total pending created duplicate rejected failed } }';

type Settings = Awaited<ReturnType<typeof freshDatabase>>;

/** The real program on a database of its own, to be killed, starved and started again. */
export class FaultRoom {
  readonly settings: Settings;
  readonly #environment: Record<string, string>;
  #running: VitrineProcess | undefined;
  #apiKey = '';

  private constructor(settings: Settings, environment: Record<string, string>) {
    this.settings = settings;
    this.#environment = environment;
  }

  /** @param environment variables beside the database's */
  static async open(
    environment: Record<string, string>,
    change: (settings: Settings) => Promise<Settings> = async (same) => same,
  ): Promise<FaultRoom> {
    return new FaultRoom(await change(await freshDatabase()), environment);
  }

  get process(): VitrineProcess {
    return this.#running as VitrineProcess;
  }

  launch(environment: Record<string, string> = {}, args: readonly string[] = ['serve']): VitrineProcess {
    return new VitrineProcess(
      {
        VITRINE_DATA: this.settings.dataFolder,
        VITRINE_LOG_LEVEL: 'warn',
        ...('url' in this.settings && { DATABASE_URL: this.settings.url }),
        ...this.#environment,
        ...environment,
      },
      args,
    );
  }

  /** @returns the server's address */
  async start(environment: Record<string, string> = {}, args?: readonly string[]): Promise<string> {
    this.#running = this.launch(environment, args);
    const url = await this.#running.url();
    if (this.#apiKey === '') this.#apiKey = await this.#running.waitFor(/shown only now: (\S+)/);
    return url;
  }

  /** kill -9; then waits until the decoders, too, are gone. */
  async kill(): Promise<void> {
    const children = (await this.#running?.kill()) ?? [];
    this.#running = undefined;
    for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 50) {
      if (!(await Promise.all(children.map(isRunning))).includes(true)) return;
      await pause(50);
    }
    throw new Error('decoders outlived the program by 15 seconds');
  }

  /** @returns the exit code of an orderly stop */
  async stop(): Promise<number | null> {
    const stopping = this.#running;
    const code = (await stopping?.stop()) ?? null;
    this.#running = undefined;
    if (code !== 0) process.stderr.write(`${stopping?.output}\n`);
    return code;
  }

  async close(): Promise<void> {
    await this.#running?.kill();
    await this.settings.remove();
  }

  async ask(url: string, query: string, variables: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#apiKey}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await answer.json()) as { data?: Record<string, unknown>; errors?: unknown };
    if (errors !== undefined || data == null) throw new Error(`GraphQL: ${JSON.stringify(errors)}\n${this.process.output.slice(-3000)}`);
    return data;
  }

  /** Begins an import, or finds it again by its idempotency key. @returns its id */
  async createImport(url: string, input: object): Promise<string> {
    const query = `mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import ${IMPORT} userErrors { message } } }`;
    const { assetImportCreate } = await this.ask(url, query, { input });
    const made = assetImportCreate as { import: { id: string } | null; userErrors: unknown[] };
    if (made.import === null) throw new Error(JSON.stringify(made.userErrors));
    return made.import.id;
  }

  /** Asks how the import goes until `reached`. @param patient: requests that fail are asked again */
  async watch(url: string, id: string, reached: (progress: Progress) => boolean | Promise<boolean>, patient = false): Promise<Progress> {
    for (const began = Date.now(); Date.now() - began < 240_000; await pause(patient ? 100 : 10)) {
      const asked = this.ask(url, `query ($id: ID!) { assetImport(id: $id) ${IMPORT} }`, { id });
      const found = await (patient ? asked.catch(() => null) : asked);
      if (found === null) continue;
      const progress = found.assetImport as Progress;
      if (await reached(progress)) return progress;
      if (!['PLANNING', 'RUNNING', 'PAUSED'].includes(progress.state))
        throw new Error(`too late: ${JSON.stringify(progress)}\n${this.#running?.output}`);
    }
    throw new Error(`not reached in four minutes\n${this.#running?.output}`);
  }

  async storedFiles(): Promise<string[]> {
    const entries = await readdir(path.join(this.settings.dataFolder, 'files'), { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  }

  /** Opens the database that the stopped program has left. */
  async withDatabase<T>(
    use: (database: Database, one: <Row>(statement: ReturnType<typeof sql>) => Promise<Row>) => Promise<T>,
  ): Promise<T> {
    const database = await openDatabase(this.settings);
    try {
      const [organization] = await database.asSystem((tx) => tx.query<{ id: string }>(sql`SELECT id FROM organization`));
      return await use(database, (statement) =>
        database.asOrganization(organization?.id as string, async (tx) => (await tx.query(statement))[0] as never),
      );
    } finally {
      await database.close();
    }
  }

  /** What must hold after every fault: counts add up, no asset twice, no row without a file, no vector missing, no work left. */
  async checkLibrary(assets: number, stored = () => this.storedFiles()): Promise<void> {
    await this.withDatabase(async (database, one) => {
      expect(
        await one(sql`
          SELECT (SELECT count(*) FROM import_operation WHERE finished_at IS NULL) AS open,
            (SELECT count(*) FROM import_item WHERE state = 'PENDING') AS pending,
            (SELECT count(*) FROM import_item WHERE state IN ('CREATED', 'DUPLICATE') AND asset_id IS NULL) AS without_asset,
            (SELECT count(*) FROM import_operation o WHERE input_count <> (SELECT count(*) FROM import_item i WHERE i.import_id = o.id)) AS miscounted`),
      ).toEqual({ open: 0, pending: 0, without_asset: 0, miscounted: 0 });
      expect(
        await one(sql`
          SELECT count(*) AS versions, count(DISTINCT sha256) AS contents, count(DISTINCT asset_id) AS assets, (SELECT count(*) FROM asset) AS all_assets,
            (SELECT count(*) FROM asset a WHERE NOT EXISTS (SELECT 1 FROM asset_version c WHERE c.id = a.current_version_id AND c.asset_id = a.id)) AS without_version
          FROM asset_version`),
      ).toEqual({ versions: assets, contents: assets, assets, all_assets: assets, without_version: 0 });
      expect(
        await one(sql`
          SELECT count(*) AS vectors, count(DISTINCT version_id) AS versions, (SELECT count(*) FROM embedding_failure) AS failures,
            (SELECT count(*) FROM asset_version v WHERE NOT EXISTS (SELECT 1 FROM version_color c WHERE c.version_id = v.id)) AS without_colors
          FROM asset_embedding WHERE part = 'whole'`),
      ).toEqual({ vectors: assets, versions: assets, failures: 0, without_colors: 0 });
      const { rows } = await database.asOwner(
        `SELECT name, state, count(*) AS n FROM pgboss.job
         WHERE name LIKE 'import%' AND (name LIKE '%-given-up' OR state NOT IN ('completed', 'failed', 'cancelled')) GROUP BY 1, 2`,
      );
      expect(rows).toEqual([]);
      const { contents } = await one<{ contents: string[] }>(sql`SELECT coalesce(array_agg(sha256), '{}') AS contents FROM asset_version`);
      expect(await stored()).toEqual(expect.arrayContaining(contents));
    });
  }
}

/** A picture of its own for every index, quick to measure. */
export function faultPicture(index: number): Promise<Buffer> {
  const band = { create: { width: 480, height: 40, channels: 3 as const, background: { r: 250 - (index % 60) * 4, g: 60, b: 200 } } };
  const background = { r: (index * 37) % 256, g: (index * 91) % 256, b: (index * 53) % 256 };
  return sharp({ create: { width: 480, height: 360, channels: 3, background } })
    .composite([{ input: band, top: (index * 7) % 300, left: 0 }])
    .jpeg()
    .toBuffer();
}
