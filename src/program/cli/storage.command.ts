import { createApp } from '../../app.js';
import type { Config } from '../../config.js';
import { badInput } from '../../errors.js';
import type { Logger } from '../../log.js';
import type { StorageReport } from '../../library/storage/storage.service.js';

export interface StorageCheckCommandOptions {
  repair?: boolean;
  force?: boolean;
  graceHours?: string;
  json?: boolean;
}

const HOUR_MS = 3_600_000;

/** `vitrine storage check`: files without rows and rows without files. @returns the exit code: 0, or 2 when something is wrong still */
export async function checkStorageCommand(config: Config, log: Logger, options: StorageCheckCommandOptions): Promise<number> {
  const hours = Number(options.graceHours ?? '24');
  if (!Number.isFinite(hours) || hours < 1) throw badInput('--grace-hours', options.graceHours, 'a number from 1');
  const app = await createApp(config, log);
  try {
    const { repair = false, force = false } = options;
    const report = await app.storage.check({ repair, force, graceMs: hours * HOUR_MS });
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describe(report, repair));
    const left = report.orphans - report.removed + report.leftRenditions - report.removedRenditions;
    return report.missingCount > 0 || left > 0 ? 2 : 0;
  } finally {
    await app.stop();
  }
}

function describe(report: StorageReport, repair: boolean): string {
  const { files, orphans, removed, leftRenditions, removedRenditions, missing, missingCount, expired } = report;
  const lines = [`${files} files in storage.`];
  lines.push(
    orphans === 0
      ? 'None is without a row.'
      : `${orphans} are files that no row is about: ${removed} removed${repair ? '' : '; --repair removes them'}.`,
  );
  if (leftRenditions > 0)
    lines.push(
      `Of ${leftRenditions} files that are gone, renditions were left: of ${removedRenditions} removed${repair ? '' : '; --repair removes them'}.`,
    );
  if (repair)
    lines.push(
      `Forgotten since their time is over: ${expired.uploads} uploads, ${expired.reports} report files, ${expired.exports} export links, ${expired.copies} copies with metadata.`,
    );
  lines.push(missingCount === 0 ? 'No file is missing.' : `${missingCount} files are missing; restore them from a backup:`);
  for (const { title, fileName, sha256, organization } of missing) lines.push(`  ${organization}: ${title} (${fileName}) ${sha256}`);
  if (missingCount > missing.length) lines.push(`  ... and ${missingCount - missing.length} more`);
  return `${lines.join('\n')}\n`;
}
