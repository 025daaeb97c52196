import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { badInput } from '../../errors.js';
import { type RequestContext, viewerOf } from './context.js';
import { type NodeType, splitGlobalId } from './global-id.js';
import { Node, type NodeFinder } from './node.js';

const MAX_NODES = 100;

@Resolver()
export class NodeResolver {
  readonly #finders: ReadonlyMap<string, NodeFinder>;

  constructor(finders: Partial<Record<NodeType, NodeFinder>>) {
    this.#finders = new Map(Object.entries(finders));
  }

  @Query(() => Node, {
    nullable: true,
    description: 'Anything that implements Node by its id; null when there is none. What only ADMIN may list needs ADMIN here too.',
  })
  node(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id.' }) id: string): Promise<Node | null> {
    return this.#find(context, id);
  }

  @Query(() => [Node], {
    nullable: 'items',
    description: `The same for up to ${MAX_NODES} ids, in their order; null for each that is not there.`,
  })
  nodes(@Ctx() context: RequestContext, @Arg('ids', () => [ID], { description: 'Global ids.' }) ids: string[]): Promise<(Node | null)[]> {
    if (ids.length > MAX_NODES) throw badInput('ids', `${ids.length} ids`, `at most ${MAX_NODES} ids`);
    return Promise.all(ids.map((id) => this.#find(context, id)));
  }

  async #find(context: RequestContext, id: string): Promise<Node | null> {
    const viewer = viewerOf(context);
    const found = splitGlobalId(id);
    const find = found && this.#finders.get(found.type);
    return find ? find(viewer, found.key) : null;
  }
}
