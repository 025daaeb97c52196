import type { Viewer } from '../../viewer.js';
import { VitrineError } from '../../errors.js';

/** What a resolver gets beside its arguments: who asks, and the loaders of this one request. */
export interface RequestContext {
  /** Null when no API key was sent: all that may be asked then is about the schema itself. */
  readonly viewer: Viewer | null;
  readonly requestId: string;
  /** Request-scoped memory for loaders, keyed by the service that owns it. */
  readonly loaders: Map<object, unknown>;
}

/** @throws VitrineError UNAUTHENTICATED */
export function viewerOf(context: RequestContext): Viewer {
  if (context.viewer === null) throw keyNeeded();
  return context.viewer;
}

export function keyNeeded(): VitrineError {
  return new VitrineError('UNAUTHENTICATED', 'Send an API key: "Authorization: Bearer <key>". `vitrine keys create` makes one.');
}

/** The loader that `make` builds, once per request and owner. */
export function loaderOf<L>(context: RequestContext, owner: object, make: () => L): L {
  const known = context.loaders.get(owner);
  if (known !== undefined) return known as L;
  const made = make();
  context.loaders.set(owner, made);
  return made;
}
