import { mayActAs, type Role, type Viewer } from '../../viewer.js';

/** Who says where the library is told about, by whatever webhook: what happens in it leaves the house there. */
export const RECEIVER_ROLE: Role = 'ADMIN';

/** The address of a receiver as this viewer may see it: whoever knows the whole of it can often send there, too. */
export function shownReceiver(viewer: Viewer, url: string): string {
  return mayActAs(viewer, RECEIVER_ROLE) ? url : `${new URL(url).origin}/…`;
}
