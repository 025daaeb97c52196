import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Sql } from './sql.js';

/** Calls after which plans are made anew for the first time. */
const FIRST_ANEW = 16;

interface Prepared {
  readonly name: string;
  calls: number;
}

interface Connection {
  /** Part of its names: the connections to the embedded engine are one session, in which names are unique. */
  readonly id: string;
  readonly statements: Map<string, Prepared>;
  /** Whether its transaction plans for any values just now. */
  isGeneric: boolean;
}

const connections = new WeakMap<pg.PoolClient, Connection>();

/**
 * Runs a statement by a plan for any values that the connection keeps. Plans are made anew whenever the number of calls has doubled: one
 * that was made for the first assets of a library must not serve the next hundred thousand. Several in a row change the planning once:
 * call {@link planByValues} before anything else is run in the same transaction, and {@link beginPlanning} at its begin.
 */
export async function runPrepared(client: pg.PoolClient, statement: Sql): Promise<pg.QueryResult> {
  const connection = connections.get(client) ?? { id: randomBytes(8).toString('hex'), statements: new Map(), isGeneric: false };
  connections.set(client, connection);
  const { text } = statement;
  const prepared = connection.statements.get(text) ?? { name: nameOf(text, connection.id), calls: 0 };
  connection.statements.set(text, prepared);
  prepared.calls += 1;
  if (prepared.calls >= FIRST_ANEW && Number.isInteger(Math.log2(prepared.calls))) await client.query('DISCARD PLANS');
  if (!connection.isGeneric) await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
  connection.isGeneric = true;
  return client.query({ name: prepared.name, text, values: statement.values });
}

/** Has what is run next planned for its values again. Needs no waiting for: a connection runs statements in the order in which they are given. */
export function planByValues(client: pg.PoolClient): void {
  const connection = connections.get(client);
  if (!connection?.isGeneric) return;
  connection.isGeneric = false;
  // It fails where the transaction has failed already, which the next statement says too.
  client.query('SET LOCAL plan_cache_mode = auto').catch(() => undefined);
}

/** A transaction begins, or a savepoint is gone back to that was set while planning by values. */
export function beginPlanning(client: pg.PoolClient): void {
  const connection = connections.get(client);
  if (connection) connection.isGeneric = false;
}

function nameOf(text: string, connectionId: string): string {
  return `vitrine_${connectionId}_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}
