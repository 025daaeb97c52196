import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { planByValues } from './prepared-statement.js';

const current = new AsyncLocalStorage<pg.PoolClient>();

/** Runs `work` with `client` as the one connection that {@link TransactionPool} may use. */
export function withClient<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  return current.run(client, work);
}

/** True inside a tenancy or system handle. */
export function insideTransaction(): boolean {
  return current.getStore() !== undefined;
}

const NESTED: Record<string, string> = {
  BEGIN: 'SAVEPOINT prisma_nested',
  COMMIT: 'RELEASE SAVEPOINT prisma_nested',
  ROLLBACK: 'ROLLBACK TO SAVEPOINT prisma_nested',
};

/**
 * The pool that Prisma is given. It opens nothing: every statement goes to the connection of the surrounding handle, so that Prisma
 * works in the same transaction, role and organisation as our own SQL, and fails outside one.
 */
export class TransactionPool extends pg.Pool {
  constructor() {
    super({ max: 1 });
    const client = (): pg.PoolClient => {
      const found = current.getStore();
      if (found === undefined) throw new Error('Prisma was used outside asOrganization() or asSystem()');
      return found;
    };
    const query = (first: unknown, ...rest: unknown[]): unknown => {
      planByValues(client());
      const target = client() as unknown as { query(...args: unknown[]): unknown };
      const text = typeof first === 'string' ? first : (first as { text?: string }).text;
      const nested = text === undefined ? undefined : NESTED[text];
      return nested === undefined ? target.query(first, ...rest) : target.query(nested);
    };
    // Prisma opens a transaction of its own for some writes; inside ours that is a savepoint.
    const connect = async (): Promise<unknown> => ({
      query,
      on: () => undefined,
      removeListener: () => undefined,
      release: () => undefined,
    });
    Object.assign(this, { query, connect });
  }
}
