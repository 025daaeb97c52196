import type { Database } from '../database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { insertOrganization } from './organization.queries.js';
import type { Viewer } from '../../viewer.js';

export interface OrganizationRecord {
  id: string;
  slug: string;
  name: string;
}

const FIELDS = { id: true, slug: true, name: true } as const;

export class OrganizationService {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The organisation with this slug, made with `name` when there is none; one that exists keeps its name. @throws VitrineError BAD_USER_INPUT */
  async ensureOrganization(slug: string, name: string): Promise<OrganizationRecord> {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(slug)) throw badInput('slug', slug, 'a-z, 0-9 and -, 1 to 63 characters, not starting with -');
    if (name.length < 1 || name.length > 200 || name.includes('\0')) throw badInput('name', name, '1 to 200 characters');
    return this.#database.asSystem(async (tx) => {
      await insertOrganization(tx, slug, name);
      return tx.rows.organization.findFirstOrThrow({ where: { slug }, select: FIELDS });
    });
  }

  /** All organisations of this installation: for work that is due in each. */
  listOrganizations(): Promise<OrganizationRecord[]> {
    return this.#database.asSystem((tx) => tx.rows.organization.findMany({ select: FIELDS, orderBy: { slug: 'asc' } }));
  }

  /** The viewer's own organisation. */
  async getOrganization(viewer: Viewer): Promise<OrganizationRecord> {
    const found = await this.#database.asOrganization(viewer.organizationId, (tx) => tx.rows.organization.findFirst({ select: FIELDS }));
    if (found === null) throw new VitrineError('NOT_FOUND', 'The organisation of this API key does not exist any more.');
    return found;
  }
}
