import { inOrderOf } from '../../platform/graphql/node.js';
import { z } from 'zod';
import { requireRole, mayActAs, type Viewer } from '../../viewer.js';
import type { ComplianceService } from '../judgements/compliance.service.js';
import type { RuleScope } from '../rules/rule-scope.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { JsonInput, Sql } from '../../platform/database/sql.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { readOptionalReason, readReason } from './decision-input.js';
import {
  countWaivers,
  insertWaivedFindings,
  listAssetsWithoutOpenFinding,
  listWaivedVersions,
  listWaivers,
  lockWaiver,
  type StoredWaiverState,
  type WaiverFilter,
  type WaiverRow,
  type WaiverScope,
} from './waiver.queries.js';

export type { WaiverRow };

/** What is to be waived: one finding; assets, those of a collection, or those that match a filter, by a rule. */
export interface WaiverTarget {
  findingId?: string | null;
  ruleId?: string | null;
  assetIds?: readonly string[] | null;
  collectionId?: string | null;
  filter?: object | null;
}

export const MAX_WAIVER_DAYS = 366;
const MAX_ASSETS = 100;
const CURSOR_KEYS = z.tuple([cursorKey.exactMoment, cursorKey.id]);

/** Exceptions: asked for by one person, granted by another, for what was found then and no longer than stated. */
export class WaiverService {
  readonly #database: Database;
  readonly #compliance: ComplianceService;
  readonly #clock: () => Date;

  constructor(database: Database, compliance: ComplianceService, clock: () => Date = () => new Date()) {
    this.#database = database;
    this.#compliance = compliance;
    this.#clock = clock;
  }

  /** Newest request first. */
  async list(
    viewer: Viewer,
    { first, after, ...filter }: WaiverFilter & { first?: number | null; after?: string | null },
  ): Promise<Connection<WaiverRow>> {
    const page = readPage(first, after, 'waivers', filter);
    const keys = readKeys(page, CURSOR_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await this.#compliance.refreshExpiredIn(tx);
      const rows = await listWaivers(tx, filter, this.#clock(), page.first + 1, keys);
      const identity = (row: WaiverRow): WaiverRow => row;
      return toConnection(page, rows, await countWaivers(tx, filter, this.#clock()), identity, (row) => [row.position, row.id]);
    });
  }

  /** Waivers by key, in order. */
  async findMany(viewer: Viewer, ids: readonly string[]): Promise<(WaiverRow | null)[]> {
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) =>
      listWaivers(tx, { ids }, this.#clock(), ids.length, null),
    );
    return inOrderOf(ids, rows);
  }

  /** Asks for a waiver; nothing is waived yet. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async request(viewer: Viewer, target: WaiverTarget, input: { reason: string; expiresAt: Date }): Promise<WaiverRow> {
    requireRole(viewer, 'EDITOR');
    const reason = readReason(input.reason, 'input.reason');
    const expiresAt = this.#readExpiry(input.expiresAt);
    const { organizationId } = viewer;
    return this.#write(viewer, async (tx) => {
      await this.#compliance.refreshExpiredIn(tx);
      const { scope, ruleId, ...what } = await this.#readTarget(tx, target);
      const rule = await tx.rows.rule.findFirst({ where: { organizationId, id: ruleId }, select: { brandId: true } });
      if (rule === null) throw notFound('input.rule', 'rule', ruleId);
      const { id } = await tx.rows.waiver.create({
        data: {
          ...{ organizationId, brandId: rule.brandId, ruleId, scope, reason, expiresAt, collectionId: what.collectionId ?? null },
          ...(what.filter && { filter: what.filter as JsonInput }),
          ...{ requestedBy: viewer.apiKeyId, requestedByName: viewer.apiKeyName, requestedAt: this.#clock() },
        },
        select: { id: true },
      });
      const covered = await insertWaivedFindings(tx, id, ruleId, what);
      if (covered === 0) {
        const field = `input.${scope.toLowerCase()}`;
        throw badInput(
          field,
          what.filter ?? what,
          'findings that are FAIL, ERROR, NEEDS_REVIEW or NOT_EVALUATED',
          `${field}: there is nothing to waive; no finding of this rule is open there.`,
        );
      }
      return id;
    });
  }

  /**
   * Grants a request of somebody else: its findings are WAIVED until it expires, or the file, the rule or the model changes.
   * @throws VitrineError FORBIDDEN, NOT_FOUND, SELF_APPROVAL, CONFLICT when it is decided already, has expired or nothing is left to waive
   */
  async approve(viewer: Viewer, id: string, reason: string | null | undefined): Promise<WaiverRow> {
    requireRole(viewer, 'ADMIN');
    const decisionReason = readOptionalReason(reason, 'input.reason');
    return this.#write(viewer, async (tx) => {
      const waiver = await this.#lock(tx, id, ['REQUESTED'], 'approved');
      if (waiver.requestedBy === viewer.apiKeyId) {
        throw new VitrineError('SELF_APPROVAL', 'input.id: a waiver is approved by somebody other than the one who asked for it.', {
          field: 'input.id',
          value: viewer.apiKeyName,
        });
      }
      if (waiver.expiresAt <= this.#clock())
        throw conflict(id, `This request expired on ${waiver.expiresAt.toISOString()}. Ask for a new one.`);
      await this.#decide(tx, viewer, id, 'APPROVED', decisionReason);
      await this.#rejudge(tx, id, waiver.ruleId);
      const [row] = await this.#read(tx, id);
      if (row?.waivedCount === 0)
        throw conflict(
          id,
          'Nothing is left to waive: the files, the rule or the model changed, or the rule is kept by now. Ask for a new one.',
        );
      return id;
    });
  }

  /** @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT when it is decided already */
  async reject(viewer: Viewer, id: string, reason: string): Promise<WaiverRow> {
    requireRole(viewer, 'ADMIN');
    const decisionReason = readReason(reason, 'input.reason');
    return this.#write(viewer, async (tx) => {
      await this.#lock(tx, id, ['REQUESTED'], 'rejected');
      await this.#decide(tx, viewer, id, 'REJECTED', decisionReason);
      return id;
    });
  }

  /** Ends a waiver, or takes a request back (its own requester may). @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT when it has ended */
  async revoke(viewer: Viewer, id: string, reason: string | null | undefined): Promise<WaiverRow> {
    requireRole(viewer, 'EDITOR');
    const decisionReason = readOptionalReason(reason, 'input.reason');
    return this.#write(viewer, async (tx) => {
      const waiver = await this.#lock(tx, id, ['REQUESTED', 'APPROVED'], 'revoked');
      if (!mayActAs(viewer, 'ADMIN') && waiver.requestedBy !== viewer.apiKeyId) requireRole(viewer, 'ADMIN');
      await tx.rows.waiver.updateMany({
        where: { organizationId: tx.organizationId, id },
        data: {
          ...{ state: 'REVOKED', revokedBy: viewer.apiKeyId, revokedByName: viewer.apiKeyName, revokedAt: this.#clock() },
          ...(decisionReason !== null && { decisionReason }),
        },
      });
      await this.#rejudge(tx, id, waiver.ruleId);
      return id;
    });
  }

  #write(viewer: Viewer, work: (tx: OrganizationTx) => Promise<string>): Promise<WaiverRow> {
    return this.#database.asOrganization(
      viewer.organizationId,
      async (tx) => {
        const [row] = await this.#read(tx, await work(tx));
        return row as WaiverRow;
      },
      viewer,
    );
  }

  async #read(tx: OrganizationTx, id: string): Promise<WaiverRow[]> {
    return listWaivers(tx, { ids: [id] }, this.#clock(), 1, null);
  }

  async #lock(tx: OrganizationTx, id: string, states: readonly StoredWaiverState[], action: string) {
    const waiver = await lockWaiver(tx, id);
    if (waiver === null) throw notFound('input.id', 'waiver', id);
    if (!states.includes(waiver.state)) throw conflict(id, `This waiver is ${waiver.state} and cannot be ${action}.`);
    return waiver;
  }

  #decide(tx: OrganizationTx, viewer: Viewer, id: string, state: StoredWaiverState, decisionReason: string | null) {
    return tx.rows.waiver.updateMany({
      where: { organizationId: tx.organizationId, id },
      data: { state, decidedBy: viewer.apiKeyId, decidedByName: viewer.apiKeyName, decidedAt: this.#clock(), decisionReason },
    });
  }

  async #rejudge(tx: OrganizationTx, id: string, ruleId: string): Promise<void> {
    await this.#compliance.judgePairs(tx, await listWaivedVersions(tx, id), [ruleId]);
  }

  #readExpiry(expiresAt: Date): Date {
    const days = (expiresAt.getTime() - this.#clock().getTime()) / 86_400_000;
    if (!(days > 0 && days <= MAX_WAIVER_DAYS)) {
      throw badInput('input.expiresAt', expiresAt, `a moment in the future, at most ${MAX_WAIVER_DAYS} days from now`);
    }
    return expiresAt;
  }

  async #readTarget(tx: OrganizationTx, { findingId, ruleId, assetIds, collectionId, filter }: WaiverTarget): Promise<ReadTarget> {
    const { organizationId } = tx;
    const forms = [findingId, assetIds, collectionId, filter].filter((form) => form != null).length;
    if (forms !== 1 || (findingId != null) === (ruleId != null)) {
      throw badInput(
        'input',
        null,
        ['finding', 'rule with assets', 'rule with collection', 'rule with filter'],
        'input: say what to waive in one way: a finding, or a rule with assets, with a collection, or with a filter.',
      );
    }
    if (findingId != null) {
      const finding = await tx.rows.finding.findFirst({ where: { organizationId, id: findingId }, select: { ruleId: true } });
      if (finding === null) throw notFound('input.finding', 'finding', findingId);
      return { scope: 'FINDING', ruleId: finding.ruleId, findingId };
    }
    const rule = ruleId as string;
    if (collectionId != null) {
      if ((await tx.rows.collection.findFirst({ where: { organizationId, id: collectionId }, select: { id: true } })) === null)
        throw notFound('input.collection', 'collection', collectionId);
      return { scope: 'COLLECTION', ruleId: rule, collectionId };
    }
    if (filter != null) {
      const read = await this.#compliance.readScope(tx, filter, 'input.filter');
      if (read === null) throw badInput('input.filter', filter, 'at least one condition');
      return { scope: 'FILTER', ruleId: rule, filter: read, condition: await this.#compliance.compileScope(tx, read) };
    }
    const ids = assetIds ?? [];
    if (ids.length < 1 || ids.length > MAX_ASSETS) throw badInput('input.assets', `${ids.length} assets`, `1 to ${MAX_ASSETS} assets`);
    const without = await listAssetsWithoutOpenFinding(tx, rule, ids);
    const first = ids.findIndex((id) => without.has(id));
    if (first >= 0)
      throw badInput(
        `input.assets[${first}]`,
        ids[first],
        'assets with an open finding of the rule',
        `input.assets[${first}]: this asset has no open finding of the rule.`,
      );
    return { scope: 'ASSETS', ruleId: rule, assetIds: ids };
  }
}

interface ReadTarget {
  scope: WaiverScope;
  ruleId: string;
  findingId?: string;
  assetIds?: readonly string[];
  collectionId?: string;
  filter?: RuleScope;
  /** The filter as a condition on an asset `a`. */
  condition?: Sql;
}

function notFound(field: string, what: string, id: string): VitrineError {
  return new VitrineError('NOT_FOUND', `${field}: there is no such ${what}.`, { field, value: id });
}

function conflict(id: string, message: string): VitrineError {
  return new VitrineError('CONFLICT', message, { field: 'input.id', value: id });
}
