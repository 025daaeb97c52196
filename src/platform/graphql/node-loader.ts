import DataLoader from 'dataloader';
import { type GraphQLField, type GraphQLSchema, isObjectType } from 'graphql';
import { loaderOf, type RequestContext, viewerOf } from './context.js';
import { type NodeType, splitGlobalId } from './global-id.js';
import { type Node, type NodeFinder, type Reference, referenceName } from './node.js';

/** Nodes of all rooms by their global ids: those that one answer needs are asked for together, type by type. */
export class NodeLoader {
  readonly #finders: ReadonlyMap<string, NodeFinder>;

  constructor(finders: Partial<Record<NodeType, NodeFinder>>) {
    this.#finders = new Map(Object.entries(finders));
  }

  /** Null when there is none, or `id` is none of ours. @throws VitrineError UNAUTHENTICATED, FORBIDDEN */
  async load(context: RequestContext, id: string): Promise<Node | null> {
    const viewer = viewerOf(context);
    const found = splitGlobalId(id);
    const find = found && this.#finders.get(found.type);
    if (!find) return null;
    const loaders = loaderOf(context, this, () => new Map<string, DataLoader<string, Node | null>>());
    let loader = loaders.get(found.type);
    if (loader === undefined) {
      // Nothing is kept from one moment to the next: a mutation may stand between.
      loader = new DataLoader(
        async (keys) => {
          const wanted = [...new Set(keys)];
          const nodes = await find(viewer, wanted);
          const byKey = new Map(wanted.map((key, index) => [key, nodes[index] ?? null]));
          return keys.map((key) => byKey.get(key) ?? null);
        },
        { cache: false },
      );
      loaders.set(found.type, loader);
    }
    return loader.load(found.key);
  }

  /** Puts the things beside their ids; see IdOf. @throws Error where a type has such a field already, or nobody finds that type */
  addReferences(schema: GraphQLSchema): void {
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type)) continue;
      const fields = type.getFields();
      for (const [idName, { extensions }] of Object.entries(fields)) {
        const reference = extensions.reference as Reference | undefined;
        if (reference === undefined) continue;
        const name = referenceName(idName);
        if (name in fields) throw new Error(`${type.name} has a field ${name} already`);
        if (!this.#finders.has(reference.to)) throw new Error(`${type.name}.${name}: nobody finds a ${reference.to}`);
        fields[name] = this.#reference(schema, name, idName, reference);
      }
    }
  }

  #reference(schema: GraphQLSchema, name: string, idName: string, { to, description }: Reference): GraphQLField<unknown, RequestContext> {
    const type = schema.getType(to);
    if (!isObjectType(type)) throw new Error(`${to} is no type of the schema`);
    return {
      ...{ name, type, description: `${description} Null when it is gone, or there is none.` },
      ...{ args: [], deprecationReason: undefined, extensions: { besideId: idName }, astNode: undefined },
      resolve: (source, _args, context) => {
        const id = (source as Record<string, unknown>)[idName];
        return typeof id === 'string' ? this.load(context, id) : null;
      },
    };
  }
}
