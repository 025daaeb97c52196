import { VitrineError } from '../../errors.js';
import type { ClickedLink } from './delivery-link.queries.js';

/** A file that was withdrawn is delivered by no link; one that is not approved, or no longer rightly so, by none that asks for that. */
export function requireReleased({ only_approved, release_state, broken_at }: ClickedLink): void {
  if (release_state === 'WITHDRAWN') throw new VitrineError('NOT_RELEASED', 'This file was withdrawn from use and is not delivered.');
  if (only_approved && (release_state !== 'APPROVED' || broken_at !== null))
    throw new VitrineError('NOT_RELEASED', 'This file is not approved for use at present and is not delivered.');
}

/** Of several grants one has to run today, and cover what the link is for. */
export function requireRights({ rights: { cover, run, next_start: nextStart, last_day: lastDay }, territory, channel }: ClickedLink): void {
  if (run) return;
  const use = [channel, territory].filter((name) => name !== null).join(' in ');
  const how = !cover
    ? `has no rights for ${use}`
    : nextStart === null
      ? `could be used until ${lastDay}`
      : `may be used from ${nextStart} on`;
  throw new VitrineError('RIGHTS_NOT_VALID', `This file ${how}; today it is not delivered.`);
}
