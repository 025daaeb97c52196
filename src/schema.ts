import type { GraphQLSchema } from 'graphql';
import { NodeLoader } from './platform/graphql/node-loader.js';
import { NodeResolver } from './platform/graphql/node.resolver.js';
import { buildGraphqlSchema } from './platform/graphql/schema.js';
import type { Room } from './platform/rooms/room.js';

/** The GraphQL schema over the rooms. @throws Error where two rooms own one type of node or one topic */
export function buildSchema(rooms: readonly Room[]): GraphQLSchema {
  const nodes = new NodeLoader(oneOwner(rooms.map(({ nodes }) => nodes ?? {})));
  const events = oneOwner(rooms.map(({ events }) => events ?? {}));
  const schema = buildGraphqlSchema(events, [new NodeResolver(nodes), ...rooms.flatMap(({ resolvers }) => resolvers ?? [])]);
  nodes.addReferences(schema);
  return schema;
}

function oneOwner<T extends object>(parts: readonly T[]): T {
  const names = parts.flatMap((part) => Object.keys(part));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new Error(`${twice} belongs to two rooms`);
  return Object.assign({}, ...parts) as T;
}
