import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { RULES as MODULES, RULE_KINDS } from '../dist/compliance/rules/registry.js';
import { FINDING_COLUMNS } from '../dist/compliance/rules/rule-module.js';
import { sql, raw } from '../dist/database/sql.js';
const client = new pg.Client(process.argv[2]); await client.connect();
const org = (await client.query('select id from organization')).rows[0].id;
const pid = (await client.query('select pg_backend_pid() p')).rows[0].p;
const cpu = () => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) * 10; };
const run = async (q) => client.query(typeof q === 'string' ? q : { text: q.text, values: q.values });
const time = async (label, q) => { const c = cpu(); const r = await run(q); const ms = cpu() - c; if (label) console.log(label, ms, 'ms cpu', r.rowCount); return ms; };
const begin = async () => { await run('BEGIN'); await run('SET LOCAL ROLE vitrine_app'); await run({ text: "SELECT set_config('app.organization_id', $1, true)", values: [org] }); };
const scope = { organizationId: org, now: new Date('2026-11-24T12:00:00Z'), modelRevisionId: 1 };
const cols = FINDING_COLUMNS.join(', ');
if (process.argv[3] === 'kinds') {
  let sum = 0;
  for (const kind of RULE_KINDS) {
    await run('BEGIN'); await run('GRANT TEMPORARY ON DATABASE lab TO vitrine_app'); await run('COMMIT');
    await begin();
    sum += await time(kind, sql`CREATE TEMP TABLE j ON COMMIT DROP AS SELECT * FROM (${MODULES[kind].judge(scope)}) x`);
    await run('ROLLBACK');
  }
  console.log('all judging', sum);
}
if (process.argv[3] === 'explain') {
  await begin(); const q = MODULES[process.argv[4]].judge(scope);
  const r = await client.query({ text: 'EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) ' + q.text, values: q.values });
  console.log(r.rows.map((x) => x['QUERY PLAN']).join('\n')); await run('ROLLBACK');
}
if (process.argv[3] === 'insert') {
  const q = MODULES.MIN_RESOLUTION.judge(scope);
  const insert = `INSERT INTO finding AS f (organization_id, ${cols}, checker_verdict, first_seen_at, judged_at) SELECT '${org}'::uuid, ${cols}, verdict, now(), now() FROM j ORDER BY version_id, rule_id`;
  for (const [label, prepare] of [['as it is', ''], ['without history', 'ALTER TABLE finding DISABLE TRIGGER history_insert'], ['and without foreign keys', 'ALTER TABLE finding DISABLE TRIGGER ALL'], ['and without policies', 'ALTER TABLE finding DISABLE TRIGGER ALL; ALTER TABLE finding NO FORCE ROW LEVEL SECURITY; ALTER TABLE finding DISABLE ROW LEVEL SECURITY'], ['and without indexes besides the key', 'ALTER TABLE finding DISABLE TRIGGER ALL; ALTER TABLE finding DISABLE ROW LEVEL SECURITY; DROP INDEX finding_brand, finding_rule, finding_expiring, finding_asset; ALTER TABLE finding DROP CONSTRAINT finding_organization_id_id_key CASCADE']]) {
    await run('BEGIN'); if (prepare) await run(prepare).catch((e) => console.log(e.message));
    await run('SET LOCAL ROLE vitrine_app'); await run({ text: "SELECT set_config('app.organization_id', $1, true)", values: [org] });
    await run(sql`CREATE TEMP TABLE j ON COMMIT DROP AS SELECT * FROM (${q}) x`);
    await time(label, insert);
    const c = cpu(); await run('SET CONSTRAINTS ALL IMMEDIATE'); console.log('   at commit', cpu() - c);
    await run('ROLLBACK');
  }
}
await client.end();
