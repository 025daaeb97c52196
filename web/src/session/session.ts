import { useSyncExternalStore } from 'react';
import { address } from '../base';

/** Who is signed in. `expired`: somebody was, and the page waits for them to sign in again with everything in its place. */
export type Session = { state: 'out' } | { state: 'in' | 'expired'; role: string; organization: string; keyName: string };

export type SignInProblem = 'refused' | 'unreachable' | 'busy';

let session: Session = { state: 'out' };
const listeners = new Set<() => void>();
let waiting: (() => void)[] = [];

function become(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session);

export const mayEdit = (who: Session): boolean => who.state !== 'out' && who.role !== 'VIEWER';

/**
 * Before anything is drawn: takes a key out of the address, where `vitrine demo` puts it, or finds the session of an earlier visit.
 * @returns why the key of the address was not taken, if there was one
 */
export async function startSession(): Promise<SignInProblem | null> {
  const key = takeKeyFromAddress();
  if (key !== null) return signIn(key);
  await readSession().catch(() => undefined);
  return null;
}

/** The key leaves the address, and this tab's history, before anything is asked for. */
function takeKeyFromAddress(): string | null {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return key;
}

/** Trades a key for a cookie that no script can read. @returns what was wrong, null when signed in */
export async function signIn(key: string): Promise<SignInProblem | null> {
  try {
    const response = await fetch(address('session'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ key: key.trim() }),
    });
    if (response.status === 429 || response.status >= 500) return 'busy';
    if (!response.ok) return 'refused';
    const before = session;
    await readSession();
    // Somebody else's library: nothing of the one before may stay on the page.
    if (before.state !== 'out' && session.state !== 'out' && before.organization !== session.organization) location.assign(address(''));
  } catch {
    return 'unreachable';
  }
  if (session.state !== 'in') return 'refused';
  for (const goOn of waiting) goOn();
  waiting = [];
  return null;
}

async function readSession(): Promise<void> {
  const response = await fetch(address('session'), { headers: { Accept: 'application/json' } });
  const told = response.ok
    ? ((await response.json()) as { signedIn?: boolean; role?: string; organization?: string; keyName?: string })
    : {};
  const { signedIn, role = 'VIEWER', organization = '', keyName = '' } = told;
  become(signedIn ? { state: 'in', role, organization, keyName } : { state: 'out' });
}

export async function signOut(): Promise<void> {
  await fetch(address('session'), { method: 'DELETE' });
  // A fresh page holds nothing of what was seen.
  location.assign(address(''));
}

/** What was refused for want of a session waits here until somebody has signed in again, and then goes on. */
export function signedInAgain(): Promise<void> {
  if (session.state === 'in') become({ ...session, state: 'expired' });
  return new Promise((resolve) => waiting.push(resolve));
}
