import type { Tx } from '../database/database.js';
import { sql } from '../database/sql.js';

/** Makes the organisation unless one has this slug; two processes that start at once meet here. As the system role. */
export function insertOrganization(tx: Tx, slug: string, name: string): Promise<number> {
  return tx.execute(sql`INSERT INTO organization (slug, name) VALUES (${slug}, ${name}) ON CONFLICT (slug) DO NOTHING`);
}
