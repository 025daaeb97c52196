import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { badInput } from '../../errors.js';
import type { RequestContext } from './context.js';
import { Node } from './node.js';
import type { NodeLoader } from './node-loader.js';

const MAX_NODES = 100;

@Resolver()
export class NodeResolver {
  readonly #nodes: NodeLoader;

  constructor(nodes: NodeLoader) {
    this.#nodes = nodes;
  }

  @Query(() => Node, {
    nullable: true,
    description: 'Anything that implements Node by its id; null when there is none. What only ADMIN may list needs ADMIN here too.',
  })
  node(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id.' }) id: string): Promise<Node | null> {
    return this.#nodes.load(context, id);
  }

  @Query(() => [Node], {
    nullable: 'items',
    description: `The same for up to ${MAX_NODES} ids, in their order; null for each that is not there.`,
  })
  nodes(@Ctx() context: RequestContext, @Arg('ids', () => [ID], { description: 'Global ids.' }) ids: string[]): Promise<(Node | null)[]> {
    if (ids.length > MAX_NODES) throw badInput('ids', `${ids.length} ids`, `at most ${MAX_NODES} ids`);
    return Promise.all(ids.map((id) => this.#nodes.load(context, id)));
  }
}
