import { requireRole, type Viewer } from '../../viewer.js';
import type { ComplianceService, FindingRecord } from '../judgements/compliance.service.js';
import type { Database } from '../../platform/database/database.js';
import { badInput, isVitrineError, traitsOf, VitrineError } from '../../errors.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { readReason } from './decision-input.js';

export type ReviewDecision = 'PASS' | 'FAIL';

/** A decision as it was given: the finding by its global id. */
export interface GivenReview {
  finding: string;
  decision: ReviewDecision;
  reason: string;
}

const MAX_REVIEWS = 100;
const REVIEWABLE = ['NEEDS_REVIEW', 'FAIL', 'PASS'];

/** What people say about what rules found. */
export class ReviewService {
  readonly #database: Database;
  readonly #compliance: ComplianceService;

  constructor(database: Database, compliance: ComplianceService) {
    this.#database = database;
    this.#compliance = compliance;
  }

  /**
   * Decides findings one by one. @returns for each, in order, the finding as it is then, or what the caller has to mend
   * @throws VitrineError FORBIDDEN when the viewer may decide nothing; BAD_USER_INPUT for too many
   */
  async reviewMany(viewer: Viewer, reviews: readonly GivenReview[]): Promise<(FindingRecord | VitrineError)[]> {
    requireRole(viewer, 'EDITOR');
    if (reviews.length < 1 || reviews.length > MAX_REVIEWS)
      throw badInput('input.reviews', reviews.length, `1 to ${MAX_REVIEWS} decisions`);
    const outcomes: (FindingRecord | VitrineError)[] = [];
    for (const [index, { finding, decision, reason }] of reviews.entries()) {
      const at = `input.reviews[${index}]`;
      try {
        const id = fromGlobalId('Finding', finding, `${at}.finding`);
        outcomes.push(await this.review(viewer, id, decision, reason, at));
      } catch (error) {
        if (!isVitrineError(error) || traitsOf(error.code).fault !== 'CALLER' || error.code === 'TIMEOUT') throw error;
        outcomes.push(error);
      }
    }
    return outcomes;
  }

  /**
   * Decides a finding: it has that verdict as long as the file, the rule, the model and what the rule says of itself stay as they are.
   * A FAIL is overruled by an ADMIN only, and only where a model judged: what was measured can be waived, not talked away.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND
   */
  async review(viewer: Viewer, findingId: string, decision: ReviewDecision, given: string, at = 'input'): Promise<FindingRecord> {
    requireRole(viewer, 'EDITOR');
    const reason = readReason(given, `${at}.reason`);
    const { organizationId } = viewer;
    return this.#database.asOrganization(
      organizationId,
      async (tx) => {
        await this.#compliance.refreshExpiredIn(tx);
        const finding = await tx.rows.finding.findFirst({ where: { organizationId, id: findingId } });
        if (finding === null)
          throw new VitrineError('NOT_FOUND', `${at}.finding: there is no such finding.`, { field: `${at}.finding`, value: findingId });
        const { checkerVerdict, modelRevisionId } = finding;
        if (!REVIEWABLE.includes(checkerVerdict))
          throw badInput(
            `${at}.finding`,
            checkerVerdict,
            REVIEWABLE,
            `${at}.finding: a finding that is ${checkerVerdict} cannot be reviewed.`,
          );
        if (checkerVerdict === 'FAIL' && decision === 'PASS') {
          if (modelRevisionId === null)
            throw badInput(
              `${at}.decision`,
              decision,
              ['FAIL'],
              `${at}.decision: this was measured. Ask for a waiver (findingWaive) or correct the rule.`,
            );
          requireRole(viewer, 'ADMIN');
        }
        const { versionId, ruleId, assetId, brandId, ruleRevision } = finding;
        await tx.rows.findingReview.create({
          data: {
            ...{ organizationId, versionId, ruleId, assetId, brandId, ruleRevision, modelRevisionId, checkerVerdict, decision, reason },
            ...{ reviewerId: viewer.apiKeyId, reviewerName: viewer.apiKeyName },
          },
        });
        await this.#compliance.judgePairs(tx, [versionId], [ruleId]);
        return this.#compliance.getFinding(tx, findingId, `${at}.finding`);
      },
      viewer,
    );
  }
}
