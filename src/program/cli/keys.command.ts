import { ROLES, type Role } from '../../viewer.js';
import { createApp } from '../../app.js';
import type { Config } from '../../config.js';
import { badInput } from '../../errors.js';
import type { Logger } from '../../log.js';
import { asOwner } from './owner.js';

/** `vitrine keys create`. */
export async function createKeyCommand(config: Config, log: Logger, options: { name: string; role: string }): Promise<void> {
  const role = options.role.toUpperCase();
  if (!ROLES.includes(role as Role)) throw badInput('--role', options.role, ROLES);
  const app = await createApp(config, log);
  try {
    const { key } = await app.apiKeys.create(await asOwner(app), { name: options.name, role: role as Role });
    process.stdout.write(`${key}\n`);
  } finally {
    await app.stop();
  }
}
