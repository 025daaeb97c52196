import { inOrderOf } from '../../platform/graphql/node.js';
import { requireRole, type Viewer } from '../../viewer.js';
import { requireMatch } from '../../platform/graphql/etag.js';
import type { BrandService } from '../../library/brands/brand.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { JsonInput } from '../../platform/database/sql.js';
import { badInput, VitrineError } from '../../errors.js';
import type { TagService } from '../../library/tags/tag.service.js';
import type { ComplianceService } from '../judgements/compliance.service.js';
import { ruleKey, ruleTitle, scopeTags } from './guideline-document.js';
import { readBy, readParameters } from '../rules/read-input.js';
import type { RuleCheckService } from './rule-check.service.js';
import {
  changeRule,
  type NewRule,
  type RuleChanges,
  type RuleParameters,
  type RuleRecord,
  type RuleRow,
  sortedIds,
  ruleEtag,
} from './rule-record.js';
import { scopeColumn } from '../rules/rule-scope.queries.js';
import type { RuleKind, RuleState, RuleTestExpectation } from '../../vocabulary/compliance.js';

/** A rule, and what is worth knowing about it though nothing is wrong. */
export type NotedRule = RuleRecord & { notices: string[] };

/** Rules: drafted, published, changed, retired. Assets are judged in the transaction of the change. */
export class RuleService {
  readonly #database: Database;
  readonly #brands: BrandService;
  readonly #tags: TagService;
  readonly #compliance: ComplianceService;
  readonly #checks: RuleCheckService;

  constructor(database: Database, brands: BrandService, tags: TagService, compliance: ComplianceService, checks: RuleCheckService) {
    this.#database = database;
    this.#brands = brands;
    this.#tags = tags;
    this.#compliance = compliance;
    this.#checks = checks;
  }

  /** A draft, which judges nothing yet. @throws VitrineError BAD_USER_INPUT, NOT_FOUND, CONFLICT when the key is taken */
  async createRule(viewer: Viewer, input: NewRule): Promise<NotedRule> {
    requireRole(viewer, 'ADMIN');
    const key = readBy(ruleKey, input.key, 'input.key');
    const title = readBy(ruleTitle, input.title, 'input.title');
    const parameters = readParameters(input.kind, input.parameters ?? {}, 'input.parameters');
    const { organizationId } = viewer;
    await this.#compliance.preparePrompts(organizationId, [{ kind: input.kind, parameters }]);
    return this.#database.asOrganization(organizationId, async (tx) => {
      const guideline = await tx.rows.guideline.findFirst({ where: { organizationId, id: input.guidelineId } });
      if (guideline === null) throw notFound('guideline', 'input.guideline', input.guidelineId);
      await this.#checks.requireSound(tx, guideline.brandId, input.kind, parameters, 'input.parameters');
      const data = {
        ...{
          organizationId,
          guidelineId: guideline.id,
          brandId: guideline.brandId,
          key,
          title,
          kind: input.kind,
          severity: input.severity,
        },
        parameters: parameters as JsonInput,
        scopeTagIds: await this.#findScope(tx, input.scopeTags ?? []),
        scope: scopeColumn(input.scope == null ? null : await this.#compliance.readScope(tx, input.scope, 'input.scope')),
        sectionId: await findSection(tx, guideline.id, input.section ?? null),
      };
      const [created] = await tx.rows.rule.createManyAndReturn({ data: [data], skipDuplicates: true });
      if (created === undefined) {
        throw new VitrineError(
          'CONFLICT',
          `input.key: this guideline already has a rule "${key}". Choose another key, or change that rule.`,
          {
            field: 'input.key',
            value: key,
          },
        );
      }
      return this.#note(tx, created);
    });
  }

  /** A change of a published rule has all assets of the brand judged anew by it, and by it alone. */
  async updateRule(viewer: Viewer, id: string, changes: RuleChanges): Promise<NotedRule> {
    const { kind } = await this.#get(viewer, id);
    const title = changes.title == null ? undefined : readBy(ruleTitle, changes.title, 'input.title');
    const parameters = changes.parameters == null ? undefined : readParameters(kind, changes.parameters, 'input.parameters');
    if (parameters) await this.#compliance.preparePrompts(viewer.organizationId, [{ kind, parameters }]);
    return this.#changeLocked(viewer, id, async (tx, row) => {
      if (changes.ifMatch != null) requireMatch(changes.ifMatch, ruleEtag(await this.#toRecord(tx, row)));
      if (parameters) await this.#checks.requireSound(tx, row.brandId, kind, parameters, 'input.parameters');
      const changed = await changeRule(tx, row, {
        title: title ?? row.title,
        severity: changes.severity ?? row.severity,
        parameters: parameters ?? (row.parameters as RuleParameters),
        scopeTagIds: changes.scopeTags == null ? row.scopeTagIds : await this.#findScope(tx, changes.scopeTags),
        ...(changes.scope !== undefined && {
          scope: changes.scope === null ? null : await this.#compliance.readScope(tx, changes.scope, 'input.scope'),
        }),
        sectionId: changes.section === undefined ? row.sectionId : await findSection(tx, row.guidelineId, changes.section),
      });
      return changed.length > 0 && row.state === 'PUBLISHED';
    });
  }

  /** Rules by key, in order. */
  async findMany(viewer: Viewer, ids: readonly string[]): Promise<(RuleRecord | null)[]> {
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const { organizationId } = tx;
      const rows = await tx.rows.rule.findMany({ where: { organizationId, id: { in: [...ids] } } });
      const guidelineIds = [...new Set(rows.map(({ guidelineId }) => guidelineId))];
      const sections = await tx.rows.guidelineSection.findMany({ where: { organizationId, guidelineId: { in: guidelineIds } } });
      return inOrderOf(ids, await this.toRecords(tx, rows, sections));
    });
  }

  /** The rule comes into force: its assets are judged. */
  publishRule(viewer: Viewer, id: string): Promise<NotedRule> {
    return this.#setState(viewer, id, 'PUBLISHED');
  }

  /** The rule judges no more, and its findings go. It can be published again. */
  retireRule(viewer: Viewer, id: string): Promise<RuleRecord> {
    return this.#setState(viewer, id, 'RETIRED');
  }

  /** Rules as records, with their scopes as names. */
  async toRecords(
    tx: OrganizationTx,
    rows: readonly RuleRow[],
    sections: readonly { id: string; position: number }[],
  ): Promise<RuleRecord[]> {
    const names = await this.#tags.loadNames(
      tx,
      rows.flatMap((row) => row.scopeTagIds),
    );
    const cases = await tx.rows.ruleTestCase.findMany({
      where: { organizationId: tx.organizationId, ruleId: { in: rows.map((row) => row.id) } },
      orderBy: [{ createdAt: 'asc' }, { assetId: 'asc' }],
    });
    const positions = new Map(sections.map((section) => [section.id, section.position]));
    return rows.map(({ scopeTagIds, sectionId, ...row }) => ({
      ...(row as Omit<RuleRecord, 'scopeTags' | 'testCases' | 'section'>),
      scopeTags: scopeTagIds.flatMap((tagId) => names.get(tagId) ?? []).sort(),
      testCases: cases.flatMap(({ ruleId, assetId, expected, note }) =>
        ruleId === row.id ? [{ assetId, note, expected: expected as RuleTestExpectation }] : [],
      ),
      section: sectionId === null ? null : (positions.get(sectionId) ?? null),
    }));
  }

  async #setState(viewer: Viewer, id: string, state: RuleState): Promise<NotedRule> {
    const rule = await this.#get(viewer, id);
    if (state === 'PUBLISHED') await this.#compliance.preparePrompts(viewer.organizationId, [rule]);
    return this.#changeLocked(viewer, id, async (tx, row) => {
      if (row.state === state) return false;
      await tx.rows.rule.updateMany({ where: { organizationId: tx.organizationId, id }, data: { state, updatedAt: new Date() } });
      return true;
    });
  }

  async #get(viewer: Viewer, id: string): Promise<{ kind: RuleKind; parameters: RuleParameters }> {
    requireRole(viewer, 'ADMIN');
    const { organizationId } = viewer;
    const row = await this.#database.asOrganization(organizationId, (tx) => tx.rows.rule.findFirst({ where: { organizationId, id } }));
    if (row === null) throw notFound('rule', 'input.id', id);
    return row as unknown as { kind: RuleKind; parameters: RuleParameters };
  }

  /** Runs `work` with the brand locked and the rule as it then is; when it answers true, the brand's assets are judged by the rule. */
  #changeLocked(viewer: Viewer, id: string, work: (tx: OrganizationTx, row: RuleRow) => Promise<boolean>): Promise<NotedRule> {
    const { organizationId } = viewer;
    return this.#database.asOrganization(
      organizationId,
      async (tx) => {
        const where = { organizationId, id };
        const found = await tx.rows.rule.findFirst({ where, select: { brandId: true } });
        if (found !== null) await this.#brands.hold(tx, found.brandId);
        const row = await tx.rows.rule.findFirst({ where });
        if (row === null) throw notFound('rule', 'input.id', id);
        if (await work(tx, row)) {
          await this.#checks.requirePublishable(tx, [id]);
          await this.#compliance.judgeRules(tx, [id]);
        }
        return this.#note(tx, await tx.rows.rule.findFirstOrThrow({ where }));
      },
      viewer,
    );
  }

  async #note(tx: OrganizationTx, row: RuleRow): Promise<NotedRule> {
    return { ...(await this.#toRecord(tx, row)), notices: await this.#checks.notices(tx, row) };
  }

  /** A scope of unknown tags would match nothing, which is a mistake more often than not. */
  async #findScope(tx: OrganizationTx, names: readonly string[]): Promise<number[]> {
    readBy(scopeTags, names, 'input.scopeTags');
    const { ids, unknown } = await this.#tags.findIds(tx, names, 'input.scopeTags');
    const [first] = unknown;
    if (first !== undefined) throw badInput(`input.scopeTags[${names.indexOf(first)}]`, first, 'names of tags that exist');
    return sortedIds([...ids.values()]);
  }

  async #toRecord(tx: OrganizationTx, row: RuleRow): Promise<RuleRecord> {
    const sections = await tx.rows.guidelineSection.findMany({
      where: { organizationId: tx.organizationId, guidelineId: row.guidelineId },
    });
    return (await this.toRecords(tx, [row], sections))[0] as RuleRecord;
  }
}

async function findSection(tx: OrganizationTx, guidelineId: string, position: number | null): Promise<string | null> {
  if (position === null) return null;
  const section = await tx.rows.guidelineSection.findFirst({
    where: { organizationId: tx.organizationId, guidelineId, position },
    select: { id: true },
  });
  if (section === null) throw badInput('input.section', position, 'the position of a section of this guideline, from 0');
  return section.id;
}

function notFound(what: string, field: string, id: string): VitrineError {
  return new VitrineError('NOT_FOUND', `${field}: there is no such ${what}.`, { field, value: id });
}
