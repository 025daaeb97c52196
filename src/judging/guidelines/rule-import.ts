import type { OrganizationTx } from '../../platform/database/database.js';
import type { JsonInput } from '../../platform/database/sql.js';
import { badInput, type Faults, VitrineError } from '../../errors.js';
import type { DocumentRule } from './guideline-document.js';
import { findReferredAssets } from './guideline-file.queries.js';
import type { RuleCheckService } from './rule-check.service.js';
import { changeRule, type RuleColumns, type RuleRow, type RuleTestCase, sortedIds } from './rule-record.js';
import { scopeColumn } from '../rules/rule-scope.queries.js';
import type { RuleScope } from '../rules/rule-scope.js';
import type { RuleState } from '../../vocabulary/compliance.js';

/** Something that an import made or changed, or would. */
export interface GuidelineChange {
  subject: 'BRAND' | 'MARK' | 'GUIDELINE' | 'RULE';
  /** Keys from the brand down, such as `acme/web-basics/web-format`. */
  name: string;
  action: 'CREATED' | 'CHANGED' | 'PUBLISHED' | 'WITHDRAWN';
  /** What of it is changed; empty for the other actions. */
  fields: string[];
}

export interface RuleImportOptions {
  /** Rules come into the state that the document says; otherwise new ones are drafts, and those that are there stay in their state. */
  publish: boolean;
  /** Published rules of the guideline that the document does not name are retired. */
  retireMissing: boolean;
  /** Test cases whose asset is not in the library are left out, with a notice, and not refused. */
  skipMissingAssets: boolean;
  /** Reads the filter that is a rule's scope. @throws VitrineError BAD_USER_INPUT naming what is wrong under `field` */
  readScope: (tx: OrganizationTx, scope: object, field: string) => Promise<RuleScope | null>;
}

/** Where an import writes down what it finds. */
export interface ImportNotes {
  faults: Faults;
  changes: GuidelineChange[];
  notices: string[];
}

interface Target {
  id: string;
  brandId: string;
  /** Keys of brand and guideline, for {@link GuidelineChange}. */
  name: string;
  /** Path of the guideline in the input, for errors. */
  field: string;
}

/** Makes the rules of guidelines be as a document says, in the caller's transaction, which holds their brands. */
export class RuleImport {
  readonly #checks: RuleCheckService;

  constructor(checks: RuleCheckService) {
    this.#checks = checks;
  }

  /**
   * `tagIds` holds the ids of all scope tags by name. What is wrong is gathered, not thrown. Judging is left to the caller.
   * @returns ids of rules whose assets have to be judged anew
   */
  async apply(
    tx: OrganizationTx,
    target: Target,
    rules: readonly DocumentRule[],
    tagIds: ReadonlyMap<string, number>,
    options: RuleImportOptions,
    notes: ImportNotes,
  ): Promise<string[]> {
    const { organizationId } = tx;
    const where = { organizationId, guidelineId: target.id };
    const known = new Map((await tx.rows.rule.findMany({ where })).map((row) => [row.key, row]));
    const sections = new Map((await tx.rows.guidelineSection.findMany({ where })).map((section) => [section.position, section.id]));
    const touched = new Map<string, string>();
    for (const [index, rule] of rules.entries()) {
      const field = `${target.field}.rules[${index}]`;
      await notes.faults.gather(async () => {
        await this.#checks.requireSound(tx, target.brandId, rule.kind, rule.parameters, `${field}.parameters`);
        const { title, severity, parameters } = rule;
        const scopeTagIds = sortedIds(rule.scopeTags.map((tag) => tagIds.get(tag) as number));
        const scope = rule.scope === null ? null : await options.readScope(tx, rule.scope, `${field}.scope`);
        const columns = {
          scope,
          title,
          severity,
          parameters,
          scopeTagIds,
          sectionId: rule.section === null ? null : (sections.get(rule.section) ?? null),
        };
        const id = await this.#write(tx, target, rule, known.get(rule.key), columns, options, { field, notes });
        if (id !== null) touched.set(id, field);
      });
    }
    if (options.retireMissing) {
      const named = new Set(rules.map((rule) => rule.key));
      for (const row of known.values()) {
        if (named.has(row.key) || row.state === 'RETIRED') continue;
        await setState(tx, row.id, 'RETIRED');
        notes.changes.push({ subject: 'RULE', name: `${target.name}/${row.key}`, action: 'WITHDRAWN', fields: [] });
        if (row.state === 'PUBLISHED') touched.set(row.id, target.field);
      }
    }
    notes.faults.list.push(...(await this.#checks.publishFaults(tx, [...touched.keys()], (id) => touched.get(id) as string)));
    return [...touched.keys()];
  }

  /** @returns the rule's id when it, or whether it is in force, has changed */
  async #write(
    tx: OrganizationTx,
    target: Target,
    rule: DocumentRule,
    row: RuleRow | undefined,
    columns: RuleColumns,
    { publish, skipMissingAssets }: RuleImportOptions,
    { field, notes }: { field: string; notes: ImportNotes },
  ): Promise<string | null> {
    const { organizationId } = tx;
    const { key, kind } = rule;
    const change = { subject: 'RULE' as const, name: `${target.name}/${key}` };
    if (row !== undefined && row.kind !== kind)
      throw new VitrineError(
        'CONFLICT',
        `${field}.kind: the rule "${key}" is there and of kind ${row.kind}, not ${kind}. Give the new rule a key of its own.`,
        { field: `${field}.kind`, value: kind },
      );
    const state = publish ? rule.state : ((row?.state ?? 'DRAFT') as RuleState);
    const place = { organizationId, guidelineId: target.id, brandId: target.brandId, key, kind, state };
    const json = { parameters: columns.parameters as JsonInput, scope: scopeColumn(columns.scope ?? null) };
    const id = row?.id ?? (await tx.rows.rule.create({ data: { ...columns, ...place, ...json } })).id;
    const fields = row === undefined ? [] : await changeRule(tx, row, columns);
    const cases = await this.#writeTestCases(tx, id, target.brandId, rule, skipMissingAssets, { field, notes });
    if (row === undefined) notes.changes.push({ ...change, action: 'CREATED', fields: [] });
    else if (fields.length > 0 || cases)
      notes.changes.push({ ...change, action: 'CHANGED', fields: cases ? [...fields, 'testCases'] : fields });
    if (row !== undefined && row.state !== state) await setState(tx, id, state);
    const wasInForce = row?.state === 'PUBLISHED';
    const isInForce = state === 'PUBLISHED';
    if (isInForce && !wasInForce) notes.changes.push({ ...change, action: 'PUBLISHED', fields: [] });
    if (!isInForce && wasInForce) notes.changes.push({ ...change, action: 'WITHDRAWN', fields: [] });
    return wasInForce !== isInForce || (isInForce && (fields.length > 0 || cases)) ? id : null;
  }

  /** @returns whether the cases differ from those that were there */
  async #writeTestCases(
    tx: OrganizationTx,
    ruleId: string,
    brandId: string,
    { testCases }: DocumentRule,
    skipMissing: boolean,
    { field, notes }: { field: string; notes: ImportNotes },
  ): Promise<boolean> {
    if (testCases === undefined) return false;
    const { organizationId } = tx;
    const found = await findReferredAssets(
      tx,
      testCases.map((entry) => entry.asset),
    );
    const cases = new Map<string, RuleTestCase>();
    for (const [index, { expected, note, asset: reference }] of testCases.entries()) {
      const path = `${field}.testCases[${index}].asset`;
      const asset = found[index] ?? null;
      if (asset === null) {
        const told = `${path}: no asset ${JSON.stringify(reference.externalId ?? reference.sha256)} is in the library`;
        if (skipMissing) notes.notices.push(`${told}; the test case was left out.`);
        else
          notes.faults.list.push(
            new VitrineError('NOT_FOUND', `${told}. Import it first, or leave such test cases out.`, {
              field: path,
              value: reference.externalId ?? reference.sha256,
            }),
          );
      } else if (asset.brandId !== brandId)
        notes.faults.list.push(badInput(path, reference.externalId ?? reference.sha256, 'assets of the brand of the rule'));
      else if (cases.has(asset.id)) notes.faults.list.push(badInput(path, reference.externalId ?? reference.sha256, 'each asset once'));
      else cases.set(asset.id, { assetId: asset.id, expected, note });
    }
    const where = { organizationId, ruleId };
    const before = await tx.rows.ruleTestCase.findMany({ where });
    const same =
      before.length === cases.size &&
      before.every((one) => cases.get(one.assetId)?.expected === one.expected && cases.get(one.assetId)?.note === one.note);
    if (same) return false;
    await tx.rows.ruleTestCase.deleteMany({ where });
    await tx.rows.ruleTestCase.createMany({ data: [...cases.values()].map((entry) => ({ ...where, ...entry })) });
    return true;
  }
}

async function setState(tx: OrganizationTx, id: string, state: RuleState): Promise<void> {
  await tx.rows.rule.updateMany({ where: { organizationId: tx.organizationId, id }, data: { state, updatedAt: new Date() } });
}
