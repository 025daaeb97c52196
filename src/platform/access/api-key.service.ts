import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Database, Tx } from '../database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../graphql/connection.js';
import { fromGlobalId, toGlobalId } from '../graphql/global-id.js';
import {
  type ApiKeyRecord,
  type ApiKeyRow,
  findKeyBySecret,
  findApiKey,
  findUsedKey,
  insertApiKey,
  type KnownKey,
  listApiKeys,
  lockUsableAdmins,
  revokeApiKey,
  touchApiKey,
} from './api-key.queries.js';
import { ROLES, requireRole, type Role, type Viewer } from '../../viewer.js';

const SECRET = /^vtr_[A-Za-z0-9_-]{43}$/;
const CACHE_MS = 10_000;
const CURSOR_KEYS = z.tuple([cursorKey.exactMoment, cursorKey.id]);

export interface NewApiKeyInput {
  name: string;
  role: Role;
  expiresAt?: Date | null;
}

export interface CreatedApiKey {
  /** The secret: `vtr_` and 32 random bytes in base64url. Only its hash is kept. */
  key: string;
  record: ApiKeyRecord;
}

export interface ApiKeyServiceOptions {
  /** Milliseconds since 1970; expiry and the cache's age follow it. */
  now?: () => number;
}

/** API keys of an organisation, and who is behind a secret. */
export class ApiKeyService {
  readonly #database: Database;
  readonly #now: () => number;
  // Promises, so that many requests at once with a key that is not in memory cost one query.
  readonly #known: LRUCache<string, Promise<KnownKey | 'unknown'>>;

  constructor(database: Database, options: ApiKeyServiceOptions = {}) {
    this.#database = database;
    this.#now = options.now ?? Date.now;
    this.#known = new LRUCache({ max: 1000, ttl: CACHE_MS, ttlResolution: 0, perf: { now: this.#now } });
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT */
  async create(viewer: Viewer, input: NewApiKeyInput): Promise<CreatedApiKey> {
    requireRole(viewer, 'ADMIN');
    return this.createForOrganization(viewer.organizationId, input);
  }

  /** For the command line and the first start, where there is no viewer yet. @throws VitrineError BAD_USER_INPUT */
  async createForOrganization(organizationId: string, input: NewApiKeyInput): Promise<CreatedApiKey> {
    const name = input.name.trim();
    if (name.length < 1 || name.length > 200 || name.includes('\0')) throw badInput('input.name', input.name, '1 to 200 characters');
    if (!ROLES.includes(input.role)) throw badInput('input.role', input.role, ROLES);
    const expiresAt = input.expiresAt ?? null;
    if (expiresAt !== null && !(expiresAt.getTime() > this.#now())) throw badInput('input.expiresAt', expiresAt, 'a moment in the future');
    const key = `vtr_${randomBytes(32).toString('base64url')}`;
    const row = await this.#database.asOrganization(organizationId, (tx) =>
      insertApiKey(tx, { name, role: input.role, expiresAt, prefix: key.slice(0, 8), secretSha256: hash(key) }),
    );
    return { key, record: toRecord(row) };
  }

  /**
   * Revokes a key by its global id. In this process it is refused at once, in others within ten seconds.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT when no usable ADMIN key would be left
   */
  async revoke(viewer: Viewer, globalId: string): Promise<ApiKeyRecord> {
    requireRole(viewer, 'ADMIN');
    const id = fromGlobalId('ApiKey', globalId, 'input.id');
    const row = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const admins = await lockUsableAdmins(tx);
      if (admins.length === 1 && admins[0] === id) {
        throw new VitrineError(
          'CONFLICT',
          'This is the last usable ADMIN key; without it nobody could administer the organisation. Make another one first.',
          {
            field: 'input.id',
            value: globalId,
          },
        );
      }
      const revoked = await revokeApiKey(tx, id);
      if (revoked === null)
        throw new VitrineError('NOT_FOUND', 'input.id: this organisation has no such API key.', { field: 'input.id', value: globalId });
      return revoked;
    });
    this.#known.delete(row.secretSha256.toString('hex'));
    this.#known.delete(id);
    return toRecord(row);
  }

  /** A key of the organisation by its key in the database. @throws VitrineError FORBIDDEN */
  async find(viewer: Viewer, id: string): Promise<ApiKeyRecord | null> {
    requireRole(viewer, 'ADMIN');
    const row = await this.#database.asOrganization(viewer.organizationId, (tx) => findApiKey(tx, id));
    return row && toRecord(row);
  }

  /** Newest first, revoked and expired ones included. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CURSOR_MISMATCH */
  async list(viewer: Viewer, first?: number | null, after?: string | null): Promise<Connection<ApiKeyRecord>> {
    requireRole(viewer, 'ADMIN');
    const page = readPage(first, after, 'apiKeys', viewer.organizationId);
    const keys = readKeys(page, CURSOR_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listApiKeys(tx, page.first + 1, keys);
      return toConnection(page, rows, await tx.rows.apiKey.count(), toRecord, (row) => [row.position, row.id]);
    });
  }

  /** Who sends this secret; null when it is unknown, revoked or expired. Costs no query when it was asked within ten seconds. */
  async authenticate(secret: string): Promise<Viewer | null> {
    if (!SECRET.test(secret)) return null;
    const secretSha256 = hash(secret);
    return this.#viewerBehind(secretSha256.toString('hex'), (tx) => findKeyBySecret(tx, secretSha256));
  }

  /** Who had shown the secret of this key, by its key in the database, as {@link authenticate} would say of it now. */
  resume(organizationId: string, id: string): Promise<Viewer | null> {
    return this.#viewerBehind(id, (tx) => findUsedKey(tx, organizationId, id));
  }

  async #viewerBehind(name: string, find: (tx: Tx) => Promise<KnownKey | null>): Promise<Viewer | null> {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = this.#look(find);
      this.#known.set(name, known);
      known.catch(() => this.#known.delete(name));
    }
    const key = await known;
    if (key === 'unknown' || (key.expiresAt !== null && key.expiresAt.getTime() <= this.#now())) return null;
    return { organizationId: key.organizationId, apiKeyId: key.id, apiKeyName: key.name, role: key.role };
  }

  #look(find: (tx: Tx) => Promise<KnownKey | null>): Promise<KnownKey | 'unknown'> {
    return this.#database.asSystem(async (tx) => {
      const key = await find(tx);
      if (key === null) return 'unknown';
      const now = this.#now();
      const expired = key.expiresAt !== null && key.expiresAt.getTime() <= now;
      if (!expired && (key.lastUsedAt === null || now - key.lastUsedAt.getTime() > 60_000)) await touchApiKey(tx, key);
      return key;
    });
  }
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** The record as it may be shown, its id a global one. */
function toRecord(row: ApiKeyRow): ApiKeyRecord {
  const { name, role, prefix, createdAt, expiresAt, lastUsedAt, revokedAt } = row;
  return { id: toGlobalId('ApiKey', row.id), name, role, prefix, createdAt, expiresAt, lastUsedAt, revokedAt };
}
