import pg from 'pg';

/**
 * What the program's statements rely on, and a server, a database or a role may have set otherwise. Zero is no limit: those of the
 * program's own are set where they belong. `jit`: PostgreSQL compiles the statement that judges for longer than it runs.
 */
const WANTED: Readonly<Record<string, string>> = {
  jit: 'off',
  plan_cache_mode: 'auto',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  row_security: 'on',
  gin_fuzzy_search_limit: '0',
  'pg_trgm.word_similarity_threshold': '0.6',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
};

/** Sorts and hashes of a search or a report that do not fit go to disk, at many times the cost. A server may give more. */
const LEAST_WORK_MEMORY_BYTES = 32 * 1024 * 1024;

/** What would not let the rest come to its end: a short timeout, and a compiler for statements that are over at once. */
const setFirst = (command: 'SET' | 'SET LOCAL') => `${command} statement_timeout = 0; ${command} jit = off;`;

/**
 * How a transaction begins, whatever the defaults of the server are; one text, so that it is one round trip.
 * @param adopted what {@link adoptSettings} found to differ
 * @param settings beside those that every transaction has
 */
export function beginText(adopted: Readonly<Record<string, string>>, settings: Readonly<Record<string, string>>): string {
  const calls = Object.entries({ ...adopted, ...settings }).map(
    ([name, value]) => `pg_catalog.set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, true)`,
  );
  const first = 'statement_timeout' in adopted ? ` ${setFirst('SET LOCAL')}` : '';
  return `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE NOT DEFERRABLE;${first} SELECT ${calls.join(', ')}`;
}

/**
 * Gives a connection the settings that the program relies on; those that the server's version does not have are left out.
 * @param searchPath null: as the server has it
 * @returns those that the server would have otherwise: what a pooler that changes servers between transactions takes away again
 */
export async function adoptSettings(client: pg.ClientBase, searchPath: string | null): Promise<Record<string, string>> {
  const wanted = { ...WANTED, ...(searchPath !== null && { search_path: searchPath }) };
  const rows = Object.entries(wanted).map(([name, value]) => `(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)})`);
  const names = [...Object.keys(wanted), 'work_mem'].map((name) => pg.escapeLiteral(name));
  await client.query(setFirst('SET'));
  // One text, so that all of it happens on one server.
  const results = (await client.query(`
    SELECT pg_catalog.set_config(w.name, w.value, false) FROM (VALUES ${rows}) w (name, value)
    WHERE w.name LIKE '%.%' OR w.name IN (SELECT name FROM pg_catalog.pg_settings);
    SELECT pg_catalog.set_config('work_mem',
      greatest(pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')), ${LEAST_WORK_MEMORY_BYTES}) / 1024 || 'kB', false);
    SELECT name, pg_catalog.current_setting(name) AS value FROM pg_catalog.pg_settings
    WHERE name IN (${names}) AND setting IS DISTINCT FROM reset_val`)) as unknown as pg.QueryResult<{ name: string; value: string }>[];
  return Object.fromEntries((results.at(-1)?.rows ?? []).map(({ name, value }) => [name, value]));
}

/**
 * Where the library's tables are, or will be, and what they use: the schemas of a search path. A library is found in whatever schema it was
 * made in; a new one goes where the server would put it.
 */
export async function findSearchPath(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ schema: string }>(`
    SELECT pg_catalog.quote_ident(nspname) AS schema FROM (
      SELECT n.nspname, 0 AS rank, pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname) AS place
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = '_prisma_migrations' AND EXISTS (
        SELECT 1 FROM pg_catalog.pg_class a WHERE a.relnamespace = n.oid AND a.relname = 'asset_embedding')
      UNION ALL
      SELECT s.name, 1, s.place FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY s (name, place)
      WHERE s.name !~ '^(pg_|information_schema$)' AND pg_catalog.has_schema_privilege(s.name, 'CREATE')
      UNION ALL SELECT 'public', 2, 0) candidate
    ORDER BY rank, place NULLS LAST, nspname LIMIT 1`);
  const extensions = await client.query<{ schema: string }>(`
    SELECT DISTINCT pg_catalog.quote_ident(n.nspname) AS schema
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname IN ('vector', 'pg_trgm') ORDER BY 1`);
  return [...new Set([...rows, ...extensions.rows].map(({ schema }) => schema))].join(', ');
}
