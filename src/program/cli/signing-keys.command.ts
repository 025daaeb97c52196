import { createApp } from '../../app.js';
import type { Config } from '../../config.js';
import { badInput } from '../../errors.js';
import type { SigningKeyInfo, SigningKeys } from '../../platform/http/signing-keys.js';
import type { Logger } from '../../log.js';

const DAY_SECONDS = 24 * 60 * 60;
/** As long as a link can live: nothing ends before its time. */
const MAX_DAYS = 366;

/** `vitrine signing-keys list`. */
export function listSigningKeysCommand(config: Config, log: Logger, options: { json?: boolean }): Promise<void> {
  return withKeys(config, log, options, (keys) => keys.list());
}

/** `vitrine signing-keys rotate`. */
export function rotateSigningKeysCommand(config: Config, log: Logger, options: { overlapDays: string; json?: boolean }): Promise<void> {
  const days = /^\d{1,3}$/.test(options.overlapDays) ? Number(options.overlapDays) : Number.NaN;
  if (!(days <= MAX_DAYS)) throw badInput('--overlap-days', options.overlapDays, `a whole number from 0 to ${MAX_DAYS}`);
  return withKeys(config, log, options, (keys) => keys.rotate(days * DAY_SECONDS));
}

async function withKeys(
  config: Config,
  log: Logger,
  { json }: { json?: boolean },
  work: (keys: SigningKeys) => Promise<SigningKeyInfo[]>,
): Promise<void> {
  const app = await createApp(config, log);
  try {
    const keys = await work(app.signingKeys);
    process.stdout.write(json ? `${JSON.stringify(keys)}\n` : keys.map(describe).join(''));
  } finally {
    await app.stop();
  }
}

function describe({ id, state, createdAt, acceptedUntil }: SigningKeyInfo): string {
  const end = acceptedUntil === null ? '' : `, until ${acceptedUntil.toISOString()}`;
  return `${id}  ${state.toLowerCase()}${state === 'ACCEPTED' ? end : ''}, since ${createdAt.toISOString()}\n`;
}
