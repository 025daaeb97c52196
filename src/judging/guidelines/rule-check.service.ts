import { randomUUID } from 'node:crypto';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { Sql } from '../../platform/database/sql.js';
import { badInput, VitrineError } from '../../errors.js';
import type { TagService } from '../../library/tags/tag.service.js';
import type { ComplianceService } from '../judgements/compliance.service.js';
import { scopeTags } from './guideline-document.js';
import { readBy, readParameters } from '../rules/read-input.js';
import {
  countInScope,
  type FailedCase,
  listFailedCases,
  listForbiddenBrandColors,
  listKnownExternalIds,
  listMarkNames,
  lockRule,
  previewRule,
  type RulePreviewFacts,
} from '../judgements/rule-check.queries.js';
import { findConflict } from './rule-conflicts.js';
import type { RuleParameters, RuleRow, RuleTestCase } from './rule-record.js';
import type { RuleScope } from '../rules/rule-scope.js';
import { RULES } from '../rules/registry.js';
import type { CandidateRule } from '../rules/rule-module.js';
import type { RuleKind } from '../../vocabulary/compliance.js';

export interface RulePreviewRequest {
  /** A rule to change; what is left out below stays as it is. */
  ruleId?: string | null;
  /** For a rule that is not there yet, with `kind`. */
  guidelineId?: string | null;
  kind?: RuleKind | null;
  parameters?: RuleParameters | null;
  scopeTags?: readonly string[] | null;
  /** Null takes the filter away. */
  scope?: object | null;
  /** Assets to show of those that would fail, and that would fail no longer; 0 to 100. */
  examples: number;
}

export interface RulePreview extends RulePreviewFacts {
  failedCases: FailedCase[];
  /** Published rules of the brand that no asset can keep together with this one, with the reason. */
  conflicts: { ruleKey: string; reason: string }[];
}

const MAX_CASES = 200;
const MAX_EXAMPLES = 100;

/** What is found out about a rule before it is in force: contradictions, test cases, and what it would change. */
export class RuleCheckService {
  readonly #database: Database;
  readonly #tags: TagService;
  readonly #compliance: ComplianceService;

  constructor(database: Database, tags: TagService, compliance: ComplianceService) {
    this.#database = database;
    this.#tags = tags;
    this.#compliance = compliance;
  }

  /**
   * What the schema of a kind cannot know: exemplars and marks are there, forbidden colours are none of the palette.
   * @throws VitrineError BAD_USER_INPUT naming the parameter under `field`
   */
  async requireSound(tx: OrganizationTx, brandId: string, kind: RuleKind, parameters: RuleParameters, field: string): Promise<void> {
    const exemplars = RULES[kind].exemplars?.(parameters) ?? [];
    if (exemplars.length > 0) {
      const known = await listKnownExternalIds(
        tx,
        exemplars.map(({ externalId }) => externalId),
      );
      const missing = exemplars.find(({ externalId }) => !known.has(externalId));
      if (missing) throw badInput(`${field}.${missing.field}`, missing.externalId, 'external ids of assets that are in the library');
    }
    const marks = RULES[kind].marks?.(parameters) ?? [];
    if (marks.length > 0) {
      const known = await listMarkNames(tx, brandId);
      const missing = marks.find((mark) => !known.some(({ name, role }) => name === mark.name && role === mark.role));
      if (missing) {
        const names = known.filter(({ role }) => role === missing.role).map(({ name }) => JSON.stringify(name));
        throw badInput(
          `${field}.${missing.field}`,
          missing.name,
          names.length > 0 ? names.join(', ') : `names of marks of the role ${missing.role}; the brand has none`,
        );
      }
    }
    if (kind !== 'PALETTE') return;
    const [clash] = await listForbiddenBrandColors(tx, brandId, parameters.forbidden as { color: string; maxDeltaE: number }[]);
    if (clash) {
      const at = `${field}.forbidden[${clash.index}].color`;
      throw badInput(
        at,
        clash.color,
        'colours that are not in the palette of the brand',
        `${at}: ${clash.color} is, or is nearly, the brand's own "${clash.name}" (${clash.hex}). Forbid another colour, or with a smaller maxDeltaE.`,
      );
    }
  }

  /**
   * Whether these rules may be in force: no other published rule of the brand contradicts them, and their test cases come out as expected.
   * @throws VitrineError CONFLICT naming the other rule, RULE_TESTS_FAILED naming the cases
   */
  async requirePublishable(tx: OrganizationTx, ruleIds: readonly string[]): Promise<void> {
    const [fault] = await this.publishFaults(tx, ruleIds, () => 'input');
    if (fault !== undefined) throw fault;
  }

  /** All that {@link requirePublishable} would refuse, with the path of each rule in the input. */
  async publishFaults(tx: OrganizationTx, ruleIds: readonly string[], fieldOf: (ruleId: string) => string): Promise<VitrineError[]> {
    const { organizationId } = tx;
    const rows = await tx.rows.rule.findMany({
      where: { organizationId, id: { in: [...ruleIds] }, state: 'PUBLISHED' },
      orderBy: { key: 'asc' },
    });
    const faults: VitrineError[] = [];
    for (const row of rows) {
      const [conflict] = await this.#conflicts(tx, row);
      const field = fieldOf(row.id);
      if (conflict) {
        faults.push(
          new VitrineError(
            'CONFLICT',
            `The rule "${row.key}" contradicts the published rule "${conflict.ruleKey}": ${conflict.reason}. Change one of them, retire it, or give them scopes apart.`,
            { field, value: row.key },
          ),
        );
      }
      const failed = await listFailedCases(tx, row.key, await this.#toCandidate(tx, row), await this.#moment(tx));
      if (failed.length > 0) faults.push(testsFailed(failed, field));
    }
    return faults;
  }

  /**
   * New test cases in place of the old ones. They are run when the rule is published or changed, not now.
   * @returns those that fail as the rule is now
   */
  async setTestCases(viewer: Viewer, ruleId: string, cases: readonly RuleTestCase[]): Promise<FailedCase[]> {
    requireRole(viewer, 'ADMIN');
    if (cases.length > MAX_CASES) throw badInput('input.cases', `${cases.length} cases`, `at most ${MAX_CASES}`);
    const twice = cases.findIndex(({ assetId }, index) => cases.findIndex((other) => other.assetId === assetId) < index);
    if (twice >= 0) throw badInput(`input.cases[${twice}].asset`, cases[twice]?.assetId, 'each asset once');
    const long = cases.findIndex(({ note }) => note.length > 500 || note.includes('\0'));
    if (long >= 0) throw badInput(`input.cases[${long}].note`, cases[long]?.note, 'at most 500 characters, without null characters');
    const { organizationId } = viewer;
    return this.#database.asOrganization(
      organizationId,
      async (tx) => {
        const row = (await lockRule(tx, ruleId)) ? await tx.rows.rule.findFirst({ where: { organizationId, id: ruleId } }) : null;
        if (row === null) throw new VitrineError('NOT_FOUND', 'input.rule: there is no such rule.', { field: 'input.rule', value: ruleId });
        const ids = cases.map(({ assetId }) => assetId);
        const found = await tx.rows.asset.findMany({ where: { organizationId, id: { in: ids } }, select: { id: true, brandId: true } });
        for (const [index, id] of ids.entries()) {
          const asset = found.find((entry) => entry.id === id);
          const field = `input.cases[${index}].asset`;
          if (asset === undefined) throw new VitrineError('NOT_FOUND', `${field}: there is no such asset.`, { field, value: id });
          if (asset.brandId !== row.brandId) throw badInput(field, id, 'assets of the brand of the rule');
        }
        await tx.rows.ruleTestCase.deleteMany({ where: { organizationId, ruleId } });
        await tx.rows.ruleTestCase.createMany({ data: cases.map((entry) => ({ organizationId, ruleId, ...entry })) });
        return listFailedCases(tx, row.key, await this.#toCandidate(tx, row), await this.#moment(tx));
      },
      viewer,
    );
  }

  /** What a rule, new or changed, would say beside what is said now. Findings are not touched. @throws VitrineError BAD_USER_INPUT, NOT_FOUND */
  async preview(viewer: Viewer, request: RulePreviewRequest): Promise<RulePreview> {
    requireRole(viewer, 'ADMIN');
    const { examples } = request;
    if (!Number.isInteger(examples) || examples < 0 || examples > MAX_EXAMPLES)
      throw badInput('examples', examples, `a whole number from 0 to ${MAX_EXAMPLES}`);
    const { organizationId } = viewer;
    const draft = await this.#database.asOrganization(organizationId, (tx) => this.#draft(tx, request));
    await this.#compliance.preparePrompts(organizationId, [draft]);
    return this.#database.asOrganization(organizationId, async (tx) => {
      await this.requireSound(tx, draft.brandId, draft.kind, draft.parameters, 'parameters');
      return {
        ...(await previewRule(tx, draft, await this.#moment(tx), examples)),
        failedCases: await listFailedCases(tx, draft.key, draft, await this.#moment(tx)),
        conflicts: await this.#conflicts(tx, draft),
      };
    });
  }

  /** What is worth knowing about a rule that is in order. */
  async notices(
    tx: OrganizationTx,
    { brandId, scopeTagIds, scope }: Pick<RuleRow, 'brandId' | 'scopeTagIds' | 'scope'>,
  ): Promise<string[]> {
    return (await countInScope(tx, brandId, scopeTagIds, await this.#filterOf(tx, scope))) > 0
      ? []
      : ['No asset of the brand is in the scope of this rule at present.'];
  }

  async #toCandidate(
    tx: OrganizationTx,
    row: Pick<RuleRow, 'id' | 'brandId' | 'kind' | 'severity' | 'revision' | 'parameters' | 'scopeTagIds' | 'scope'>,
  ): Promise<CandidateRule> {
    const { id, brandId, severity, revision, scopeTagIds } = row;
    const scope = await this.#filterOf(tx, row.scope);
    const candidate = {
      id,
      brandId,
      severity,
      revision,
      scopeTagIds,
      kind: row.kind as RuleKind,
      parameters: row.parameters as RuleParameters,
    };
    return scope === undefined ? candidate : { ...candidate, scope };
  }

  /** A scope as a condition, for candidates; undefined without one. */
  async #filterOf(tx: OrganizationTx, scope: unknown): Promise<Sql | undefined> {
    return scope === null || scope === undefined ? undefined : this.#compliance.compileScope(tx, scope as RuleScope);
  }

  async #draft(tx: OrganizationTx, request: RulePreviewRequest): Promise<CandidateRule & { key: string }> {
    const { organizationId } = tx;
    let scopeTagIds: readonly number[] | undefined;
    if (request.scopeTags != null) {
      readBy(scopeTags, request.scopeTags, 'scopeTags');
      const { ids, unknown } = await this.#tags.findIds(tx, request.scopeTags, 'scopeTags');
      const [first] = unknown;
      if (first !== undefined) throw badInput(`scopeTags[${request.scopeTags.indexOf(first)}]`, first, 'names of tags that exist');
      scopeTagIds = [...ids.values()];
    }
    const asked =
      request.scope == null ? undefined : await this.#filterOf(tx, await this.#compliance.readScope(tx, request.scope, 'scope'));
    if (request.ruleId != null) {
      const row = await tx.rows.rule.findFirst({ where: { organizationId, id: request.ruleId } });
      if (row === null) throw new VitrineError('NOT_FOUND', 'rule: there is no such rule.', { field: 'rule', value: request.ruleId });
      if (request.kind != null && request.kind !== row.kind)
        throw badInput('kind', request.kind, `${row.kind}: the kind of a rule never changes`);
      const { scope: known, ...candidate } = await this.#toCandidate(tx, row);
      return {
        ...candidate,
        ...(request.scope === undefined ? known && { scope: known } : asked && { scope: asked }),
        key: row.key,
        parameters: request.parameters == null ? candidate.parameters : readParameters(candidate.kind, request.parameters, 'parameters'),
        scopeTagIds: scopeTagIds ?? candidate.scopeTagIds,
      };
    }
    if (request.guidelineId == null) throw badInput('rule', null, 'a rule, or a guideline and a kind');
    if (request.kind == null) throw badInput('kind', null, 'the kind of the rule');
    const guideline = await tx.rows.guideline.findFirst({ where: { organizationId, id: request.guidelineId } });
    if (guideline === null)
      throw new VitrineError('NOT_FOUND', 'guideline: there is no such guideline.', { field: 'guideline', value: request.guidelineId });
    const parameters = readParameters(request.kind, request.parameters ?? {}, 'parameters');
    return {
      ...{ id: randomUUID(), key: 'draft', brandId: guideline.brandId, kind: request.kind, severity: 'INFO', revision: 1, parameters },
      scopeTagIds: scopeTagIds ?? [],
      ...(asked && { scope: asked }),
    };
  }

  async #conflicts(
    tx: OrganizationTx,
    rule: Pick<RuleRow, 'id' | 'key' | 'brandId' | 'kind' | 'parameters'> & { scopeTagIds: readonly number[]; scope?: unknown },
  ): Promise<RulePreview['conflicts']> {
    const { organizationId } = tx;
    const others = await tx.rows.rule.findMany({
      where: { organizationId, brandId: rule.brandId, state: 'PUBLISHED', id: { not: rule.id } },
      orderBy: { key: 'asc' },
    });
    const plain = ({ key, kind, parameters, scopeTagIds, scope }: typeof rule) => ({
      filtered: scope != null,
      ...{ key, scopeTagIds, kind: kind as RuleKind, parameters: parameters as RuleParameters },
    });
    return others.flatMap((other) => {
      const reason = findConflict(plain(rule), plain(other));
      return reason === null ? [] : [{ ruleKey: other.key, reason }];
    });
  }

  async #moment(tx: OrganizationTx) {
    return { now: this.#compliance.now(), modelRevisionId: await this.#compliance.modelRevisionIn(tx) };
  }
}

function testsFailed(failed: readonly FailedCase[], field: string): VitrineError {
  const told = failed.slice(0, 3).map(({ title, expected, verdict, message }) => {
    const got = verdict === null ? 'is out of its scope' : `gets ${verdict} (${message})`;
    return `"${title}" should get ${expected} and ${got}`;
  });
  const more = failed.length > told.length ? `; and ${failed.length - told.length} more` : '';
  return new VitrineError(
    'RULE_TESTS_FAILED',
    `The rule "${failed[0]?.ruleKey}" does not pass its test cases: ${told.join('; ')}${more}. Change the rule or its test cases.`,
    { field, value: failed.length },
  );
}
