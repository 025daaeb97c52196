import { Field, ID, InterfaceType } from 'type-graphql';
import type { Viewer } from '../../viewer.js';
import { splitGlobalId } from './global-id.js';

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

/** Finds a node of one type by its key, in the viewer's organisation. */
export type NodeFinder = (viewer: Viewer, key: string) => Promise<Node | null>;
