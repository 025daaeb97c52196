import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { EmbeddingService, LibraryModel } from '../../engines/embedding/embedding.service.js';
import { BACKGROUND_PROMPTS, BACKGROUND_PROMPTS_REVISION } from './background-prompts.js';
import { findCuts, isCalibrationStale, saveCalibration, type ScoreCut, type ScoreCuts } from './calibration.queries.js';

/** Comparing the prompts with more vectors changes the estimate little and takes long; the best score's growth is extrapolated. */
const SAMPLE_LIMIT = 5_000;
/** A library that fits on one page need not be cut. */
const MIN_PICTURES = 20;

/**
 * Levels in standard deviations of the best score of unrelated queries: one unrelated query in forty comes over `match` (of those about things
 * that look alike, one in six), one in a hundred and sixty over `sure`. Below `keep` an asset is not worth a place in the list. Chosen by
 * bench calibration on seed 57, where 1, 1.5 and 2 were tried; docs/benchmarks.md has what they do on another.
 */
const EVIDENCE: ScoreCut = { keep: -1, match: 2, sure: 2.5 };

/**
 * Of what the best tile of a picture gains over its whole by chance, the share that is taken off. With none, pictures that have tiles crowd out
 * those that have not; with all, little is left of what tiles find. See docs/decisions/0110.
 */
const TILE_MARGIN_SHARE = 0.5;

/** What scores mean in this library under this model: how high an unrelated query comes by chance. */
export class CalibrationService {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;

  constructor(database: Database, embedding: EmbeddingService) {
    this.#database = database;
    this.#embedding = embedding;
  }

  /** Estimates anew where the library or the prompts changed, by default for the model in use. Opens its own transactions. @returns whether it did */
  async calibrate(organizationId: string, given?: LibraryModel): Promise<boolean> {
    const model = given ?? (await this.#embedding.modelOf(organizationId));
    const modelRevisionId = model.revision.id;
    const stale = await this.#database.asOrganization(organizationId, (tx) =>
      isCalibrationStale(tx, modelRevisionId, BACKGROUND_PROMPTS_REVISION),
    );
    if (!stale) return false;
    await model.ensureTextVectors(organizationId, BACKGROUND_PROMPTS);
    const request = {
      ...{ modelRevisionId, prompts: BACKGROUND_PROMPTS, promptsRevision: BACKGROUND_PROMPTS_REVISION },
      ...{ sampleLimit: SAMPLE_LIMIT, tileMarginShare: TILE_MARGIN_SHARE },
    };
    const saved = await this.#database.asOrganization(
      organizationId,
      async (tx) => (await saveCalibration(tx, { ...request, ofText: false })) + (await saveCalibration(tx, { ...request, ofText: true })),
    );
    return saved > 0;
  }

  /**
   * Where to cut the lists of a query with this vector (pgvector's text form) of a model revision; null where the library is too small or not
   * calibrated yet.
   */
  cutOf(tx: OrganizationTx, modelRevisionId: number, vector: string): Promise<ScoreCuts> {
    return findCuts(tx, { modelRevisionId, vector, evidence: EVIDENCE, minPictures: MIN_PICTURES });
  }

  /**
   * The score from which a picture shows what this vector stands for, well enough to leave it out: where it would be in the list of that
   * query. Libraries of any size; null where nothing is known yet.
   */
  async exclusionScore(tx: OrganizationTx, modelRevisionId: number, vector: string): Promise<number | null> {
    return (await findCuts(tx, { modelRevisionId, vector, evidence: EVIDENCE, minPictures: 1 })).pictures?.keep ?? null;
  }
}
