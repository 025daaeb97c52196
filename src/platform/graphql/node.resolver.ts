import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from './context.js';
import { type NodeType, splitGlobalId } from './global-id.js';
import { Node, type NodeFinder } from './node.js';

@Resolver()
export class NodeResolver {
  readonly #finders: ReadonlyMap<string, NodeFinder>;

  constructor(finders: Partial<Record<NodeType, NodeFinder>>) {
    this.#finders = new Map(Object.entries(finders));
  }

  @Query(() => Node, {
    nullable: true,
    description:
      'An asset, brand, collection or import by its id; null when there is none, or it is of a type that is only reached through others.',
  })
  async node(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id.' }) id: string): Promise<Node | null> {
    const viewer = viewerOf(context);
    const found = splitGlobalId(id);
    const find = found && this.#finders.get(found.type);
    return find ? find(viewer, found.key) : null;
  }
}
