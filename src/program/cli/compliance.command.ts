import { createApp } from '../../app.js';
import type { Config } from '../../config.js';
import type { Logger } from '../../log.js';
import { asOwner } from './owner.js';

/** `vitrine compliance verify`: is the history as it was written? @returns exit code: 0 intact, 1 not */
export async function verifyHistoryCommand(config: Config, log: Logger, { json }: { json?: boolean }): Promise<number> {
  const app = await createApp(config, log);
  try {
    const { organizationId } = await asOwner(app);
    const result = await app.history.verify(organizationId, (checked, total) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${checked} of ${total} links`);
    });
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else {
      const { head, links, broken, unlinkedRows, unrecordedFindings, wrongSums } = result;
      process.stdout.write(`${links} links checked; the chain ends at ${head.sequence} ${head.hash ?? '(empty)'}\n`);
      for (const { sequence, fault } of broken) process.stdout.write(`link ${sequence}: ${FAULTS[fault]}\n`);
      if (unlinkedRows > 0) process.stdout.write(`${unlinkedRows} rows of history belong to no link\n`);
      if (unrecordedFindings > 0) process.stdout.write(`${unrecordedFindings} findings are not as their history says\n`);
      if (wrongSums > 0)
        process.stdout.write(`${wrongSums} sums of lists and facets are not as counting says: vitrine compliance recount\n`);
      const changed = broken.length + unlinkedRows + unrecordedFindings > 0;
      process.stdout.write(changed ? 'The history has been CHANGED.\n' : 'The history is intact.\n');
    }
    return result.intact ? 0 : 1;
  } finally {
    await app.stop();
  }
}

/** `vitrine compliance recount`: makes the sums that lists, filters and facets read anew. */
export async function recountCommand(config: Config, log: Logger): Promise<void> {
  const app = await createApp(config, log);
  try {
    const { organizationId } = await asOwner(app);
    await app.history.recount(organizationId);
    process.stdout.write('Counted anew.\n');
  } finally {
    await app.stop();
  }
}

const FAULTS = {
  CONTENT: 'what it records was changed, added to or taken from',
  HASH: 'the link itself was changed',
  MISSING_LINK: 'is missing',
  COUNTS: 'its sums, of which trends are made, were changed',
} as const;
