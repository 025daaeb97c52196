import { requireRole, type Viewer } from '../../viewer.js';
import type { ComplianceService, FindingRecord } from '../judgements/compliance.service.js';
import type { Database } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { readReason } from './decision-input.js';

export type ReviewDecision = 'PASS' | 'FAIL';

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
   * Decides a finding: it has that verdict as long as the file, the rule, the model and what the rule says of itself stay as they are.
   * A FAIL is overruled by an ADMIN only, and only where a model judged: what was measured can be waived, not talked away.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND
   */
  async review(viewer: Viewer, findingId: string, decision: ReviewDecision, given: string): Promise<FindingRecord> {
    requireRole(viewer, 'EDITOR');
    const reason = readReason(given, 'input.reason');
    const { organizationId } = viewer;
    return this.#database.asOrganization(
      organizationId,
      async (tx) => {
        await this.#compliance.refreshExpiredIn(tx);
        const finding = await tx.rows.finding.findFirst({ where: { organizationId, id: findingId } });
        if (finding === null)
          throw new VitrineError('NOT_FOUND', 'input.finding: there is no such finding.', { field: 'input.finding', value: findingId });
        const { checkerVerdict, modelRevisionId } = finding;
        if (!REVIEWABLE.includes(checkerVerdict))
          throw badInput(
            'input.finding',
            checkerVerdict,
            REVIEWABLE,
            `input.finding: a finding that is ${checkerVerdict} cannot be reviewed.`,
          );
        if (checkerVerdict === 'FAIL' && decision === 'PASS') {
          if (modelRevisionId === null)
            throw badInput(
              'input.decision',
              decision,
              ['FAIL'],
              'input.decision: this was measured. Ask for a waiver (findingWaive) or correct the rule.',
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
        return this.#compliance.getFinding(tx, findingId, 'input.finding');
      },
      viewer,
    );
  }
}
