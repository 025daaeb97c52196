import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from '../database/database.js';
import { VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { createSigner, type Keyring, type Signer } from './signed-token.js';
import { insertSigningKey, listSigningKeys, retireSigningKeys, type SigningKeyRow } from './signing-key.queries.js';

const SECRET_BYTES = 32;
/** How long a rotation that was made in another process may go unseen. */
const REFRESH_MS = 10_000;
/** A link with a key that is not known here yet has them read again, this often at most: anybody can send one. */
const LEAST_REFRESH_MS = 1000;

export interface SigningKeysOptions {
  database: Database;
  log: Logger;
  /** Where an older version kept its secret. */
  dataFolder: string;
  /** The operator's own: the first signs, all are accepted. Empty: the database's. */
  ownSecrets: readonly string[];
}

/** A key as it may be shown. */
export type SigningKeyInfo = Omit<SigningKeyRow, 'secret'> & { state: 'SIGNS' | 'ACCEPTED' | 'RETIRED' };

/** What links are signed with: kept in the database, so that every process of a library accepts the links of every other. */
export class SigningKeys {
  readonly signer: Signer;
  readonly #options: SigningKeysOptions;
  #keyring: Keyring = { current: null, accepted: [] };
  #readAt = 0;
  #reading: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  private constructor(options: SigningKeysOptions) {
    this.#options = options;
    this.signer = createSigner({
      keyring: () => this.#keyring,
      refresh: async () => {
        if (performance.now() - this.#readAt >= LEAST_REFRESH_MS) await this.#read();
      },
    });
    this.#timer = setInterval(() => {
      this.#read().catch((error: unknown) => options.log.warn({ err: error }, 'the keys of links could not be read; the known ones go on'));
    }, REFRESH_MS).unref();
  }

  /** Reads the keys; makes one at the first start, and takes in the secret that an older version left in the data folder. */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const secret = await readFile(path.join(options.dataFolder, 'signing-secret')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return null;
    });
    await options.database.asSystem(async (tx) => {
      if (secret !== null && secret.length >= SECRET_BYTES) await insertSigningKey(tx, { id: nameOf(secret), secret, unnamed: true });
      await insertSigningKey(tx, freshKey());
    });
    const keys = new SigningKeys(options);
    await keys.#read();
    return keys;
  }

  /**
   * Makes a new key. Links of those before are accepted for so many seconds more, in other processes for ten seconds at least.
   * @throws VitrineError CONFLICT when the operator brings the secrets
   */
  async rotate(overlapSeconds: number): Promise<SigningKeyInfo[]> {
    if (this.#options.ownSecrets.length > 0) {
      throw new VitrineError(
        'CONFLICT',
        'VITRINE_SIGNING_SECRET is set: put the new secret before the old one there, with a comma between, and restart.',
        {
          field: 'VITRINE_SIGNING_SECRET',
        },
      );
    }
    await this.#options.database.asSystem(async (tx) => {
      await retireSigningKeys(tx, overlapSeconds);
      await insertSigningKey(tx, freshKey());
    });
    await this.#read();
    return this.list();
  }

  /** All that there were, the one that signs first. */
  async list(): Promise<SigningKeyInfo[]> {
    const rows = await this.#options.database.asSystem(listSigningKeys);
    const own = this.#options.ownSecrets.length > 0;
    return rows.map(({ secret, ...row }) => {
      const signs = !own && row.retiredAt === null && !row.unnamed;
      return { ...row, state: signs ? 'SIGNS' : secret === null ? 'RETIRED' : 'ACCEPTED' };
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading?.catch(() => undefined);
  }

  #read(): Promise<void> {
    this.#reading ??= this.#load().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #load(): Promise<void> {
    const rows = await this.#options.database.asSystem(listSigningKeys);
    const known = rows.flatMap(({ id, secret, unnamed, retiredAt }) => (secret === null ? [] : [{ id, secret, unnamed, retiredAt }]));
    const own = this.#options.ownSecrets.map((text) => ({
      id: nameOf(Buffer.from(text)),
      secret: Buffer.from(text),
      unnamed: false,
      retiredAt: null,
    }));
    const accepted = [...own, ...known];
    this.#keyring = { current: accepted.find(({ unnamed, retiredAt }) => !unnamed && retiredAt === null) ?? null, accepted };
    this.#readAt = performance.now();
  }
}

function freshKey() {
  const secret = randomBytes(SECRET_BYTES);
  return { id: nameOf(secret), secret, unnamed: false };
}

function nameOf(secret: Buffer): string {
  return createHash('sha256').update('vitrine signing key ').update(secret).digest('base64url').slice(0, 8);
}
