import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { CalibrationService } from './calibration.service.js';

/** Estimates anew what scores mean, after the library changed. */
export const CALIBRATION: JobKind<{ organizationId: string }> = { name: 'calibration', retryLimit: 3, expireInSeconds: 600 };

export class CalibrationJob implements JobHandler<{ organizationId: string }> {
  readonly #calibration: CalibrationService;

  constructor(calibration: CalibrationService) {
    this.#calibration = calibration;
  }

  async run({ organizationId }: { organizationId: string }): Promise<void> {
    await this.#calibration.calibrate(organizationId);
  }

  async giveUp(): Promise<void> {
    // Search goes on with the last estimate, or without a cut; the next import or start tries again.
  }
}
