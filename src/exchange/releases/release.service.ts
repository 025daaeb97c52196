import { requireRole, type Viewer } from '../../viewer.js';
import type { ComplianceService, FindingRecord } from '../../judging/judgements/compliance.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import type { MeasuredRendition, RemedyService } from '../remedies/remedy.service.js';
import { toUserError, type UserError } from '../../platform/graphql/payload.js';
import { readOptionalReason, readReason } from '../../judging/decisions/decision-input.js';
import { listObstacles, listReleases, lockCurrentVersion, type Obstacle, type ReleaseRow, upsertRelease } from './release.queries.js';

export type { ReleaseRow };

/** What came of asking for approval. */
export interface Approval {
  /** Null when something stands in the way. */
  release: ReleaseRow | null;
  blockers: FindingRecord[];
  /** One for each rule in the way, naming rule and finding: RELEASE_BLOCKED or RELEASE_NOT_JUDGED. */
  obstacles: UserError[];
}

/** Whether versions of assets may be used: approved by a person, past the rules of severity BLOCKER. */
export class ReleaseService {
  readonly #database: Database;
  readonly #compliance: ComplianceService;
  readonly #renditions: RemedyService;

  constructor(database: Database, compliance: ComplianceService, renditions: RemedyService) {
    this.#database = database;
    this.#compliance = compliance;
    this.#renditions = renditions;
  }

  /** Releases of versions in the order of `versionIds`; null where nobody has decided. For loaders. */
  async releasesOf(viewer: Viewer, versionIds: readonly string[]): Promise<(ReleaseRow | null)[]> {
    const rows = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await this.#compliance.refreshExpiredIn(tx);
      return listReleases(tx, versionIds);
    });
    const byVersion = new Map(rows.map((row) => [row.versionId, row]));
    return versionIds.map((id) => byVersion.get(id) ?? null);
  }

  /**
   * Approves the current version of an asset, which is judged anew for it, as are its renditions by these presets.
   * @throws VitrineError FORBIDDEN, NOT_FOUND, BAD_USER_INPUT
   */
  async approve(viewer: Viewer, assetId: string, given: string | null | undefined, presets: readonly string[] = []): Promise<Approval> {
    requireRole(viewer, 'EDITOR');
    const reason = readOptionalReason(given, 'input.reason');
    await this.#compliance.prepare(viewer.organizationId);
    const renditions = await this.#renditions.measurePresets(viewer.organizationId, assetId, presets);
    return this.#change(viewer, assetId, async (tx, versionId) => {
      await this.#compliance.judgeVersions(tx, [versionId]);
      const obstacles = await listObstacles(tx, assetId, await this.#compliance.modelRevisionIn(tx), this.#compliance.now());
      if (obstacles.length > 0) {
        const found = obstacles.flatMap((obstacle) => obstacle.findingId ?? []);
        const blockers = await Promise.all(found.map((id) => this.#compliance.getFinding(tx, id, 'input.asset')));
        return { release: null, blockers, obstacles: obstacles.map((obstacle) => toUserError(toError(obstacle))) };
      }
      const faults = await this.#renditionFaults(tx, versionId, renditions);
      if (faults.length > 0) return { release: null, blockers: [], obstacles: faults.map(toUserError) };
      await upsertRelease(tx, { versionId, assetId, state: 'APPROVED', reason, by: viewer });
      return { release: await readRelease(tx, versionId), blockers: [], obstacles: [] };
    });
  }

  /** Takes the approval of the current version back, or says that it must not be used. @throws VitrineError FORBIDDEN, NOT_FOUND, BAD_USER_INPUT */
  async withdraw(viewer: Viewer, assetId: string, given: string): Promise<ReleaseRow> {
    requireRole(viewer, 'EDITOR');
    const reason = readReason(given, 'input.reason');
    return this.#change(viewer, assetId, async (tx, versionId) => {
      await upsertRelease(tx, { versionId, assetId, state: 'WITHDRAWN', reason, by: viewer });
      return readRelease(tx, versionId);
    });
  }

  /** Blockers that renditions break or could not be judged by. */
  async #renditionFaults(tx: OrganizationTx, versionId: string, renditions: readonly MeasuredRendition[]): Promise<VitrineError[]> {
    const faults: VitrineError[] = [];
    for (const rendition of renditions) {
      const { preset, source } = rendition;
      const details = { field: 'input.presets', value: preset };
      if (source.id !== versionId)
        return [
          new VitrineError('RELEASE_NOT_JUDGED', 'The asset has just got a new file. Try again.', { ...details, field: 'input.asset' }),
        ];
      const { verdicts, cutTexts } = await this.#renditions.judgeMeasured(tx, rendition);
      if (cutTexts > 0)
        faults.push(new VitrineError('RELEASE_BLOCKED', `As ${preset} the picture would lose ${cutTexts} of its declared texts.`, details));
      for (const { severity, verdict, ruleKey, ruleTitle, message } of verdicts) {
        if (severity !== 'BLOCKER' || verdict === 'PASS' || verdict === 'NOT_APPLICABLE') continue;
        const code = verdict === 'NOT_EVALUATED' ? 'RELEASE_NOT_JUDGED' : 'RELEASE_BLOCKED';
        faults.push(
          new VitrineError(
            code,
            `As ${preset} the picture gets ${verdict} by the blocker "${ruleKey}" (${ruleTitle}): ${message}`,
            details,
          ),
        );
      }
    }
    return faults;
  }

  #change<T>(viewer: Viewer, assetId: string, work: (tx: OrganizationTx, versionId: string) => Promise<T>): Promise<T> {
    return this.#database.asOrganization(
      viewer.organizationId,
      async (tx) => {
        const versionId = await lockCurrentVersion(tx, assetId);
        if (versionId === null)
          throw new VitrineError('NOT_FOUND', 'input.asset: there is no such asset.', { field: 'input.asset', value: assetId });
        return work(tx, versionId);
      },
      viewer,
    );
  }
}

async function readRelease(tx: OrganizationTx, versionId: string): Promise<ReleaseRow> {
  return (await listReleases(tx, [versionId]))[0] as ReleaseRow;
}

function toError({ ruleKey, ruleTitle, findingId, verdict, message, stale }: Obstacle): VitrineError {
  const rule = `The rule "${ruleKey}" (${ruleTitle})`;
  const details = { field: 'input.asset', value: findingId };
  if (verdict === null || stale)
    return new VitrineError('RELEASE_NOT_JUDGED', `${rule} has not judged this file as it now is. Try again shortly.`, details);
  const what = `finding ${findingId} is ${verdict}: ${message}`;
  if (verdict === 'NOT_EVALUATED')
    return new VitrineError('RELEASE_NOT_JUDGED', `${rule} is a blocker and could not be evaluated; ${what}`, details);
  return new VitrineError('RELEASE_BLOCKED', `${rule} is a blocker; ${what}`, details);
}
