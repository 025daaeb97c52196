import { createHash } from 'node:crypto';
import { VitrineError } from '../../errors.js';

/** What fields that show an etag say of it. */
export const ETAG_HELP = 'Opaque; another one whenever something of this that can be edited is another. To be sent back as `ifMatch`.';
/** What inputs of updates say of theirs. */
export const IF_MATCH_HELP =
  'The `etag` of what was read and is to be changed: when somebody else changed it since, nothing is written and the code is EDIT_CONFLICT. Without it the last writer wins.';

/** A short name for a state, the same for equal ones. Keys of objects have to be in the same order. */
export function etagOf(...state: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(state)).digest('base64url').slice(0, 22);
}

/** Call it with the row locked. @throws VitrineError EDIT_CONFLICT when `ifMatch` is given and the state is another by now */
export function requireMatch(ifMatch: string | null | undefined, etag: string): void {
  if (ifMatch == null || ifMatch === etag) return;
  throw new VitrineError(
    'EDIT_CONFLICT',
    'input.ifMatch: somebody else has changed this since it was read. Read it again, see what is another, and send the change with the new etag.',
    { field: 'input.ifMatch', value: ifMatch, allowed: etag },
  );
}
