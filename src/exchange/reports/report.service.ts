import { once } from '../../once.js';
import type { Viewer } from '../../viewer.js';
import type { ComplianceService } from '../../judging/judgements/compliance.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput } from '../../errors.js';
import type { HistoryHead, HistoryService } from '../../judging/history/history.service.js';
import { canonicalJson } from './canonical-json.js';
import { reportFacts, type ScopeNames } from './report.queries.js';
import type { ReportFacts } from './report-figures.js';
import { openScope, requireScopeNames, type ScopePaths } from './report-scope.js';
import type { ReportScope, ReportSource } from './report-source.queries.js';
import { listDayChanges, type ResolutionFacts, reportResolution, type TrendDay } from './report-trend.queries.js';
import { toTrend, trendStart } from './trend.js';

export type { ReportScope };

export interface ReportOptions {
  /** How many of the worst assets to name, 0 to 100; 10 when left out. */
  worst?: number;
  /** A moment of the past; the present when left out. */
  asOf?: Date | null;
}

/** How assets keep rules. The same scope and moment give the same report for ever, byte for byte (see {@link canonicalReport}). */
export interface ComplianceReport extends ReportFacts {
  scope: ReportScope & ScopeNames;
  asOf: Date;
  /** The link of the history that it is the state after. */
  history: { sequence: number; hash: string | null };
  /** judged / applicable, 0 to 1; null when no rule applies to any asset. */
  coverage: number | null;
  /** passed / judged, 0 to 1; null when nothing was judged. Means little without the coverage. */
  score: number | null;
  resolution: ResolutionFacts;
  trend: TrendDay[];
}

/** What of a report takes a walk through history. */
type PastParts = 'resolution' | 'trend';

/** A report whose parts about the past are read when they are asked for; all are of one moment, and what they make together is the whole report. */
export interface ReportInParts {
  summary: Omit<ComplianceReport, PastParts>;
  /** Once, however often it is asked for. @throws VitrineError OVERLOADED */
  past(): Promise<Pick<ComplianceReport, PastParts>>;
}

const TREND_DAYS = 30;
const PATHS: ScopePaths = { brand: 'brand', collection: 'collection', rule: 'rule' };
const INPUT_PATHS: ScopePaths = { brand: 'input.brand', collection: 'input.scope.collection', rule: 'input.scope.rule' };

/** Reports of compliance, of now and of any moment of the past. */
export class ReportService {
  readonly #database: Database;
  readonly #compliance: ComplianceService;
  readonly #history: HistoryService;

  constructor(database: Database, compliance: ComplianceService, history: HistoryService) {
    this.#database = database;
    this.#compliance = compliance;
    this.#history = history;
  }

  /** @throws VitrineError NOT_FOUND naming what the scope names and is not there (or was not), BAD_USER_INPUT, OVERLOADED */
  async report(viewer: Viewer, scope: ReportScope, options: ReportOptions = {}): Promise<ComplianceReport> {
    return this.#open(viewer, scope, options, async (tx, source, summary) => ({
      ...summary,
      ...(await this.#past(tx, source, scope, summary)),
    }));
  }

  /** The same for those who may not want all of it. */
  async reportInParts(viewer: Viewer, scope: ReportScope, options: ReportOptions = {}): Promise<ReportInParts> {
    const summary = await this.#open(viewer, scope, options, async (_tx, _source, read) => read);
    const past = once(() =>
      this.#database.asOrganizationAtLength(viewer.organizationId, async (tx) =>
        this.#past(tx, await openScope(tx, scope, summary.history.sequence), scope, summary),
      ),
    );
    return { summary, past };
  }

  async #open<T>(
    viewer: Viewer,
    scope: ReportScope,
    { worst = 10, asOf }: ReportOptions,
    use: (tx: OrganizationTx, source: ReportSource, summary: ReportInParts['summary']) => Promise<T>,
  ): Promise<T> {
    if (!Number.isInteger(worst) || worst < 0 || worst > 100) throw badInput('worst', worst, 'a whole number from 0 to 100');
    if (asOf != null && !(asOf.getTime() <= Date.now())) throw badInput('asOf', asOf, 'a moment that is not in the future');
    // Its own transaction: what the clock changes must be in the history before the history is held still.
    if (asOf == null) await this.#compliance.refreshExpired(viewer.organizationId);
    return this.#database.asOrganizationAtLength(viewer.organizationId, async (tx) => {
      const head = asOf == null ? await this.#history.hold(tx) : await this.#history.findHead(tx, asOf);
      const source = await openScope(tx, scope, asOf == null ? null : head.sequence);
      return use(tx, source, await this.#summarize(tx, source, scope, head, worst));
    });
  }

  /** For a report that is made later: refused now, and not when it is wanted. @throws VitrineError NOT_FOUND naming `input.brand` or a part of `input.scope` */
  async requireScope(tx: OrganizationTx, scope: ReportScope, asOf?: Date | null): Promise<void> {
    const head = asOf == null ? null : await this.#history.findHead(tx, asOf);
    const source = await openScope(tx, scope, head?.sequence ?? null);
    await requireScopeNames(tx, source, scope, { paths: INPUT_PATHS, moment: head?.asOf ?? null });
  }

  async #summarize(
    tx: OrganizationTx,
    source: ReportSource,
    scope: ReportScope,
    head: HistoryHead,
    worst: number,
  ): Promise<ReportInParts['summary']> {
    const names = await requireScopeNames(tx, source, scope, { paths: PATHS, moment: source.sequence === null ? null : head.asOf });
    const facts = await reportFacts(tx, source, scope, head.asOf, worst);
    return {
      ...facts,
      scope: { ...scope, ...names },
      asOf: head.asOf,
      history: { sequence: head.sequence, hash: head.hash },
      coverage: facts.applicable === 0 ? null : facts.judged / facts.applicable,
      score: facts.judged === 0 ? null : facts.passed / facts.judged,
    };
  }

  async #past(
    tx: OrganizationTx,
    source: ReportSource,
    scope: ReportScope,
    { asOf, history, ...facts }: ReportInParts['summary'],
  ): Promise<Pick<ComplianceReport, PastParts>> {
    const changes = await listDayChanges(tx, source, scope, history.sequence, trendStart(asOf, TREND_DAYS));
    return { resolution: await reportResolution(tx, source, scope, history.sequence, asOf), trend: toTrend(facts, changes, asOf) };
  }
}

/** A report as canonical JSON: what is compared byte for byte. */
export function canonicalReport(report: ComplianceReport): string {
  return canonicalJson({ format: 'vitrine-compliance-report/1', ...report });
}
