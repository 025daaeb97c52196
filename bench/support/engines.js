// The whole program on each engine, side by side in one process, and a count of what it says to PostgreSQL.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import pino from 'pino';
import { createApp } from '../../dist/app.js';
import { asOwner } from '../../dist/program/cli/owner.js';
import { readConfig } from '../../dist/config.js';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../../scripts/native-postgres.sh', import.meta.url));

/** Statements sent since the start, by the host (folder of the socket, or address) they went to. */
const sent = new Map();
const original = pg.Client.prototype.query;
pg.Client.prototype.query = function (...args) {
  sent.set(this.host, (sent.get(this.host) ?? 0) + 1);
  return original.apply(this, args);
};

/** A private native server, gone again after `stop`. @returns null with the reason on standard output where there can be none */
export async function startNativeServer(folder, options = []) {
  const env = { ...process.env, VITRINE_NATIVE_FOLDER: folder };
  try {
    await run(SCRIPT, ['prepare'], { env });
    const { stdout } = await run(SCRIPT, ['start', '--fsync', 'on', ...options], { env });
    const url = stdout
      .trim()
      .split('\n')
      .at(-1)
      .replace(/^DATABASE_URL=/, '');
    return { url, folder, stop: () => run(SCRIPT, ['destroy'], { env }) };
  } catch (error) {
    console.log(
      `No native server, embedded only: ${String(error.stderr ?? error.message)
        .trim()
        .split('\n')
        .at(-1)}\n`,
    );
    return null;
  }
}

/** CPU milliseconds of the processes of a private server that are alive: its connections and helpers, not those that ended. */
export async function serverCpuMs({ folder }) {
  const postmaster = Number((await readFile(path.join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  return childCpuMs(postmaster);
}

/** CPU milliseconds of the processes alive that this one has begun; with `script`, of those that run it. */
export async function childCpuMs(parent, script = '') {
  const children = await childStats(parent, script);
  return 10 * children.reduce((ticks, fields) => ticks + Number(fields[11]) + Number(fields[12]), 0);
}

/** Resident bytes of the same. */
export async function childResidentBytes(parent, script = '') {
  const children = await childStats(parent, script);
  return 4096 * children.reduce((pages, fields) => pages + Number(fields[21]), 0);
}

/** What /proc/PID/stat says, from the state (third) on. */
async function childStats(parent, script) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[1]) !== parent) continue;
    if (script && !(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(script)) continue;
    found.push(fields);
  }
  return found;
}

/** Imports into an organisation of its own, made here, and learns what scores mean there. @returns who may search it */
export async function importInto(app, slug, source, root, before = async () => undefined) {
  const { id: organizationId } = await app.organizations.ensureOrganization(slug, slug);
  const viewer = { organizationId, apiKeyId: '00000000-0000-0000-0000-000000000000', apiKeyName: 'benchmark', role: 'ADMIN' };
  await before(viewer);
  let operation = await app.imports.create(viewer, source, [root]);
  while (operation.finished_at === null) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    operation = await app.imports.get(viewer, operation.id);
  }
  await app.calibration.calibrate(organizationId);
  return viewer;
}

/** @returns an engine to import into and to search in. @param settings environment variables */
export async function openEngine(name, folder, databaseUrl, settings = {}) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const config = readConfig({
    VITRINE_DATA: folder,
    VITRINE_PORT: '0',
    VITRINE_DATABASE_TIMEOUT_MS: '120000',
    ...settings,
    ...(databaseUrl && { DATABASE_URL: databaseUrl }),
  });
  const stages = new Map();
  const onStage = (stage, ms) => stages.set(stage, (stages.get(stage) ?? 0) + ms);
  const app = await createApp(config, pino({ level: 'error' }), { onStage });
  await app.startJobs(true);
  const owner = await asOwner(app, 'Benchmark');
  const statements = () => [...sent].reduce((sum, [host, count]) => sum + (host.startsWith('/') === !databaseUrl ? count : 0), 0);
  return {
    name,
    app,
    owner,
    stages,
    statements,
    imported: 0,
    importMs: 0,
    importStatements: 0,
    /** Imports what a manifest names, and waits until every item is final. */
    async importManifest(file) {
      let operation = await app.imports.create(owner, { manifest: { path: file } }, [path.dirname(file)]);
      while (operation.finished_at === null) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        operation = await app.imports.get(owner, operation.id);
      }
      return operation.counts;
    },
    /** Waits until what imports leave to be done (duplicates, marks, calibration ...) is done too, so that it does not count as the next one's. */
    async settled() {
      for (;;) {
        const {
          rows: [{ open }],
        } = await app.database.asOwner(
          "SELECT count(*)::int AS open FROM pgboss.job WHERE state IN ('created', 'retry', 'active') AND start_after < now() + interval '2 seconds' AND name NOT LIKE '\\_\\_%'",
        );
        if (open === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    /** Ids of assets by external id. */
    async assetIds() {
      const rows = await app.database.asOrganization(owner.organizationId, (tx) =>
        tx.rows.asset.findMany({ select: { id: true, externalId: true } }),
      );
      return new Map(rows.map(({ id, externalId }) => [externalId, id]));
    },
    /** Imports a folder and waits until every item is final. */
    async importFolder(source) {
      const before = statements();
      const started = performance.now();
      let operation = await app.imports.create(owner, { folder: path.resolve(source) }, [path.resolve(source)]);
      while (operation.finished_at === null) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        operation = await app.imports.get(owner, operation.id);
      }
      this.importMs += performance.now() - started;
      this.importStatements += statements() - before;
      this.imported += operation.counts.CREATED ?? 0;
      return operation.counts;
    },
  };
}
