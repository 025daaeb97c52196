import { inOrderOf } from '../../platform/graphql/node.js';
import { z } from 'zod';
import type { Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import { cursorKey, type LazyConnection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import {
  type Dependents,
  judge,
  listDependents,
  listExpired,
  listParameters,
  listRulesOfOtherModels,
  type Scope,
} from './compliance.queries.js';
import type { Sql } from '../../platform/database/sql.js';
import { hasUnreadAltTexts } from './alt-text.queries.js';
import { countFindings, type FindingFilter, type FindingRecord, listFindings } from './finding.queries.js';
import { parameterSchema } from '../rules/read-input.js';
import { judgeSubstitute, RENDITION_KINDS, type RenditionVerdict } from './rendition-judging.queries.js';
import { listScopedRules, refreshScopes, type ScopeChange } from '../rules/rule-scope.queries.js';
import type { RuleScope, ScopeFilters } from '../rules/rule-scope.js';
import { RULE_KINDS, RULES } from '../rules/registry.js';
import type { FactSubstitute } from '../rules/rule-module.js';
import type { RuleKind } from '../../vocabulary/compliance.js';

/** What judging needs of the model. */
export interface PromptEmbedding {
  /** The model revision in use, as this transaction sees it. */
  revisionIn(tx: OrganizationTx): Promise<{ readonly id: number }>;
  /** Makes sure that SQL finds a vector for each text under the model in use. Opens its own transactions. */
  ensureTextVectors(organizationId: string, texts: readonly string[]): Promise<void>;
}

/** A model, in use or not, that can embed prompts. */
export type PromptModel = Pick<PromptEmbedding, 'ensureTextVectors'>;

export { RENDITION_KINDS };
export type { FactSubstitute, FindingRecord, RenditionVerdict };

export type FindingSelection = FindingFilter & { first?: number | null; after?: string | null };

/** Kinds whose rules read vectors of texts. */
const PROMPTING = RULE_KINDS.filter((kind) => RULES[kind].texts !== undefined);

const NO_FILTERS: ScopeFilters = {
  read: () => Promise.reject(new Error('no filters were given to judge scopes by')),
  compile: () => Promise.reject(new Error('no filters were given to judge scopes by')),
};

/** Judges assets by the rules in force, and answers what was found. */
export class ComplianceService {
  readonly #database: Database;
  readonly #embedding: PromptEmbedding;
  readonly #clock: () => Date;
  readonly #scopes: ScopeFilters;
  readonly #readAltTexts: (tx: OrganizationTx) => Promise<void>;

  /** @param readAltTexts asks, in the transaction that judges, for alternative texts to be read that the model has not read */
  constructor(
    database: Database,
    embedding: PromptEmbedding,
    clock: () => Date = () => new Date(),
    scopes: ScopeFilters = NO_FILTERS,
    readAltTexts: (tx: OrganizationTx) => Promise<void> = async () => undefined,
  ) {
    this.#database = database;
    this.#embedding = embedding;
    this.#clock = clock;
    this.#scopes = scopes;
    this.#readAltTexts = readAltTexts;
  }

  /** The moment that is judged for. */
  now(): Date {
    return this.#clock();
  }

  /** The model that is judged by, as this transaction sees it. */
  async modelRevisionIn(tx: OrganizationTx): Promise<number> {
    return (await this.#embedding.revisionIn(tx)).id;
  }

  /** The texts that these rules compare pictures with get their vectors. Call outside any handle, before the rules come into force. */
  async preparePrompts(
    organizationId: string,
    rules: readonly { kind: RuleKind; parameters: Record<string, unknown> }[],
    model: PromptModel = this.#embedding,
  ): Promise<void> {
    const texts = rules.flatMap(({ kind, parameters }) => RULES[kind].texts?.(parameters) ?? []);
    if (texts.length > 0) await model.ensureTextVectors(organizationId, texts);
  }

  /** The same for all rules in force, under the model in use or one that may come into use. Cheap when nothing is missing. */
  async prepare(organizationId: string, model?: PromptModel): Promise<void> {
    const rules = await this.#database.asOrganization(organizationId, (tx) => listParameters(tx, PROMPTING));
    await this.preparePrompts(organizationId, rules, model);
  }

  /** After another model came into use: what was judged by the vectors of the old one is judged by those of the new one. */
  async adoptModel(organizationId: string): Promise<void> {
    await this.prepare(organizationId);
    await this.#database.asOrganization(organizationId, async (tx) => {
      await this.judgeRules(tx, await listRulesOfOtherModels(tx, (await this.#embedding.revisionIn(tx)).id));
    });
  }

  /** Judges these versions by all rules in force, in the caller's transaction: after an import, or after an edit of the asset. */
  async judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void> {
    if (versionIds.length === 0) return;
    const versions = await tx.rows.assetVersion.findMany({
      where: { organizationId: tx.organizationId, id: { in: [...versionIds] } },
      select: { assetId: true },
    });
    const assetIds = versions.map((version) => version.assetId);
    await this.#refreshScopes(tx, null, assetIds);
    await this.#judge(tx, { versionIds });
    await this.#judgeDependents(tx, await listDependents(tx, assetIds));
  }

  /** Judges those of these assets that have come into the scope of a rule or left it, in the caller's transaction: after they changed collections. */
  async judgeScopes(tx: OrganizationTx, assetIds: readonly string[]): Promise<void> {
    const { versionIds, ruleIds } = await this.#refreshScopes(tx, null, assetIds);
    await this.judgePairs(tx, versionIds, ruleIds);
  }

  /** {@link ScopeFilters.read} */
  readScope(tx: OrganizationTx, scope: object, field: string): Promise<RuleScope | null> {
    return this.#scopes.read(tx, scope, field);
  }

  /** A scope as a condition on an asset `a`. */
  compileScope(tx: OrganizationTx, scope: RuleScope): Promise<Sql> {
    return this.#scopes.compile(tx, scope);
  }

  /** Runs a change that takes assets away, and judges what was judged by comparing with them. */
  async judgeWithout<T>(tx: OrganizationTx, assetIds: readonly string[], change: () => Promise<T>): Promise<T> {
    const dependents = await listDependents(tx, assetIds);
    const result = await change();
    await this.#judgeDependents(tx, dependents);
    return result;
  }

  /** {@link judgeVersions} of the current versions of these assets. */
  async judgeAssets(tx: OrganizationTx, assetIds: readonly string[]): Promise<void> {
    const assets = await tx.rows.asset.findMany({
      where: { organizationId: tx.organizationId, id: { in: [...assetIds] } },
      select: { currentVersionId: true },
    });
    await this.judgeVersions(
      tx,
      assets.map((asset) => asset.currentVersionId),
    );
  }

  /** Judges every asset by these rules, in the caller's transaction: after the rules changed. */
  async judgeRules(tx: OrganizationTx, ruleIds: readonly string[]): Promise<void> {
    if (ruleIds.length === 0) return;
    await this.#refreshScopes(tx, ruleIds, null);
    await this.#judge(tx, { ruleIds });
  }

  /** Judges these versions by these rules, in the caller's transaction: after a person decided something about their findings. */
  async judgePairs(tx: OrganizationTx, versionIds: readonly string[], ruleIds: readonly string[]): Promise<void> {
    if (versionIds.length > 0 && ruleIds.length > 0) await this.#judge(tx, { versionIds, ruleIds });
  }

  /** Judges a brand's assets by its rules of a kind, in the caller's transaction: after what these ask for changed with the brand itself. */
  async judgeBrand(tx: OrganizationTx, brandId: string, kind: 'PALETTE' | 'LOGO' | 'WATERMARK'): Promise<void> {
    const where = { organizationId: tx.organizationId, brandId, kind, state: 'PUBLISHED' };
    const rules = await tx.rows.rule.findMany({ where, select: { id: true } });
    await tx.rows.rule.updateMany({ where, data: { revision: { increment: 1 } } });
    await this.judgeRules(
      tx,
      rules.map((rule) => rule.id),
    );
  }

  /** Judges all assets by the rules of a kind, in the caller's transaction: after what these look at changed as a whole. */
  async judgeKind(tx: OrganizationTx, kind: RuleKind): Promise<void> {
    const rules = await tx.rows.rule.findMany({
      where: { organizationId: tx.organizationId, kind, state: 'PUBLISHED' },
      select: { id: true },
    });
    await this.judgeRules(
      tx,
      rules.map((rule) => rule.id),
    );
  }

  /**
   * Judges anew, in a transaction of its own: everything, a brand or some rules.
   * @returns number of findings that are new or say something else than before
   */
  async rejudge(organizationId: string, scope: Pick<Scope, 'brandId' | 'ruleIds'> = {}): Promise<number> {
    await this.prepare(organizationId);
    return this.#database.asOrganization(organizationId, async (tx) => {
      await this.#refreshScopes(tx, scope.ruleIds ?? null, null);
      return this.#judge(tx, scope);
    });
  }

  /** Judges anew what the clock may have changed (expired rights). Cheap when there is nothing. Call before answering about verdicts. */
  refreshExpired(organizationId: string): Promise<void> {
    return this.#database.asOrganization(organizationId, (tx) => this.refreshExpiredIn(tx));
  }

  /** {@link refreshExpired} in the caller's transaction. */
  async refreshExpiredIn(tx: OrganizationTx): Promise<void> {
    const expired = await listExpired(tx, this.#clock());
    if (expired.versionIds.length > 0) await this.#judge(tx, expired);
  }

  /** What rules can ask, and the JSON Schema of each kind's parameters. */
  listRuleKinds(): { kind: RuleKind; description: string; parameterSchema: Record<string, unknown> }[] {
    return RULE_KINDS.map((kind) => ({ kind, description: RULES[kind].description, parameterSchema: parameterSchema(kind) }));
  }

  /** A page of findings about current versions, worst first. */
  async findings(viewer: Viewer, { first, after, ...filter }: FindingSelection): Promise<LazyConnection<FindingRecord>> {
    const page = readPage(first, after, 'findings', filter);
    const keys = readKeys(page, z.tuple([cursorKey.integer, cursorKey.integer, cursorKey.id]), after);
    const rows = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await this.refreshExpiredIn(tx);
      return listFindings(tx, filter, page.first + 1, keys);
    });
    const identity = (row: FindingRecord): FindingRecord => row;
    const listed = toConnection(page, rows, Number.NaN, identity, (row) => [row.rank, row.weight, row.id]);
    // Counting millions takes longer than reading a page of them.
    return { ...listed, totalCount: () => this.#database.asOrganization(viewer.organizationId, (tx) => countFindings(tx, filter)) };
  }

  /** Findings about current versions by key, in order. */
  async findFindings(viewer: Viewer, ids: readonly string[]): Promise<(FindingRecord | null)[]> {
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await this.refreshExpiredIn(tx);
      return inOrderOf(ids, await listFindings(tx, { ids }, null, null));
    });
  }

  /** One finding, in the caller's transaction. @throws VitrineError NOT_FOUND naming `field` */
  async getFinding(tx: OrganizationTx, id: string, field: string): Promise<FindingRecord> {
    const [finding] = await listFindings(tx, { ids: [id] }, 1, null);
    if (finding === undefined) throw new VitrineError('NOT_FOUND', `${field}: there is no such finding.`, { field, value: id });
    return finding;
  }

  /** All findings of each asset, worst first, in the order of `assetIds`: for loaders. An asset has at most one per rule. */
  async findingsOfAssets(viewer: Viewer, assetIds: readonly string[]): Promise<FindingRecord[][]> {
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await this.refreshExpiredIn(tx);
      const rows = await listFindings(tx, { assetIds }, null, null);
      const byAsset = new Map(assetIds.map((id) => [id, [] as FindingRecord[]]));
      for (const row of rows) byAsset.get(row.assetId)?.push(row);
      return assetIds.map((id) => byAsset.get(id) ?? []);
    });
  }

  /** What the rules in force would say about an asset with another file of these facts, in the caller's transaction. Nothing is written. */
  async judgeSubstitute(tx: OrganizationTx, substitute: FactSubstitute): Promise<RenditionVerdict[]> {
    return judgeSubstitute(tx, substitute, { now: this.#clock(), modelRevisionId: await this.modelRevisionIn(tx) });
  }

  async #judge(tx: OrganizationTx, scope: Omit<Scope, 'now' | 'modelRevisionId'>): Promise<number> {
    const modelRevisionId = await this.modelRevisionIn(tx);
    const { changed, asksAltTexts } = await judge(tx, { ...scope, now: this.#clock(), modelRevisionId });
    if (asksAltTexts && (await hasUnreadAltTexts(tx, modelRevisionId, scope.versionIds ?? null))) await this.#readAltTexts(tx);
    return changed;
  }

  async #refreshScopes(tx: OrganizationTx, ruleIds: readonly string[] | null, assetIds: readonly string[] | null): Promise<ScopeChange> {
    const scoped = await listScopedRules(tx, ruleIds);
    const cleared = (ruleIds ?? []).filter((id) => !scoped.some((rule) => rule.id === id));
    if (scoped.length + cleared.length === 0) return { versionIds: [], ruleIds: [] };
    const rules = [];
    for (const { scope, ...rule } of scoped) rules.push({ ...rule, condition: await this.#scopes.compile(tx, scope) });
    return refreshScopes(tx, rules, assetIds, cleared);
  }

  async #judgeDependents(tx: OrganizationTx, { ruleIds, versionIds, duplicateRuleIds }: Dependents): Promise<void> {
    await this.judgePairs(tx, versionIds, duplicateRuleIds);
    await this.judgeRules(tx, ruleIds);
  }
}
