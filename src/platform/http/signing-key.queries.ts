import type { Tx } from '../database/database.js';
import { sql } from '../database/sql.js';

export interface SigningKeyRow {
  id: string;
  /** Null once nothing is accepted by it any more. */
  secret: Buffer | null;
  unnamed: boolean;
  createdAt: Date;
  retiredAt: Date | null;
  acceptedUntil: Date | null;
}

/** The key that signs first, then the others, newest first. As the system role, like all of these. */
export function listSigningKeys(tx: Tx): Promise<SigningKeyRow[]> {
  return tx.query<SigningKeyRow>(sql`
    SELECT id, CASE WHEN accepted_until <= now() THEN NULL ELSE secret END AS secret, unnamed, created_at AS "createdAt",
      retired_at AS "retiredAt", accepted_until AS "acceptedUntil"
    FROM signing_key ORDER BY (retired_at IS NULL AND NOT unnamed) DESC, created_at DESC, id`);
}

/** Adds a key, unless it is known or, for one that signs, there is one already: whoever starts first makes it. */
export function insertSigningKey(tx: Tx, key: { id: string; secret: Buffer; unnamed: boolean }): Promise<number> {
  return tx.execute(sql`
    INSERT INTO signing_key (id, secret, unnamed) VALUES (${key.id}, ${key.secret}, ${key.unnamed}) ON CONFLICT DO NOTHING`);
}

/** Retires every key that is in use; without an overlap also those that were retired before. What is accepted no more loses its secret. */
export async function retireSigningKeys(tx: Tx, overlapSeconds: number): Promise<void> {
  await tx.execute(sql`
    UPDATE signing_key SET retired_at = coalesce(retired_at, now()),
      accepted_until = least(accepted_until, now() + make_interval(secs => ${overlapSeconds}))
    WHERE secret IS NOT NULL AND (retired_at IS NULL OR ${overlapSeconds} = 0)`);
  await tx.execute(sql`UPDATE signing_key SET secret = NULL WHERE accepted_until <= now()`);
}
