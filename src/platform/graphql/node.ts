import { Extensions, Field, ID, InterfaceType } from 'type-graphql';
import type { Viewer } from '../../viewer.js';
import { type NodeType, splitGlobalId } from './global-id.js';

@InterfaceType({
  description: 'Anything with a global id (Relay).',
  autoRegisterImplementations: false,
  // The id says what it is: what resolvers return are plain objects.
  resolveType: (value: Node) => splitGlobalId(value.id)?.type ?? '',
})
export abstract class Node {
  @Field(() => ID, { description: 'Global id: opaque, stable, unique among all types.' })
  id!: string;
}

/** Finds nodes of one type by their keys, in the viewer's organisation: as many as there are keys, in their order, null for what is not there. */
export type NodeFinder = (viewer: Viewer, keys: readonly string[]) => Promise<readonly (Node | null)[]>;

/** For types that no list shows many of. */
export function oneByOne(find: (viewer: Viewer, key: string) => Promise<Node | null>): NodeFinder {
  return (viewer, keys) => Promise.all(keys.map((key) => find(viewer, key)));
}

/** What was found, in the order of the keys it was asked for by. */
export function inOrderOf<T extends { id: string }>(keys: readonly string[], found: readonly T[]): (T | null)[] {
  const byKey = new Map(found.map((row) => [row.id, row]));
  return keys.map((key) => byKey.get(key) ?? null);
}

/** What the schema reads to put the thing itself beside its id. */
export interface Reference {
  to: NodeType;
  description: string;
}

/**
 * A field `<name>Id` that holds a global id. The schema gets a field `<name>` beside it, which gives the thing itself and is loaded for all
 * rows of an answer at once; types need not know each other's classes for it. The id is deprecated: the thing has it too.
 */
export function IdOf(to: NodeType, { description, nullable = false }: { description: string; nullable?: boolean }): PropertyDecorator {
  return (target, key) => {
    const reference: Reference = { to, description };
    Field(() => ID, {
      nullable,
      description: `Global id: ${description}`,
      deprecationReason: `Use \`${referenceName(String(key))} { id }\`. Goes in June 2027.`,
    })(target, key);
    Extensions({ reference })(target, key);
  };
}

export function referenceName(field: string): string {
  if (!/.Id$/.test(field)) throw new Error(`${field} is the name of no id`);
  return field.slice(0, -'Id'.length);
}
