import 'reflect-metadata';
import { type GraphQLSchema, isInputObjectType, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import { requirePlainArguments } from './plain-arguments.js';
import { DateTime } from './scalars.js';

type ResolverClass = abstract new (...args: never[]) => object;

/** Events that a subscription's topic stands for, of what its `topicId` names. */
export type EventSource = (topicId: never) => Promise<AsyncIterable<unknown>>;

/** The schema of these resolvers, each built by the caller. Services check their input themselves. @param events by topic */
export function buildGraphqlSchema(events: Record<string, EventSource>, resolvers: readonly object[]): GraphQLSchema {
  const instances = new Map(resolvers.map((resolver) => [resolver.constructor as ResolverClass, resolver]));
  if (instances.size < resolvers.length) throw new Error('a resolver class was given twice');
  const schema = buildSchemaSync({
    resolvers: [...instances.keys()] as unknown as NonEmptyArray<ResolverClass>,
    container: {
      get: (target: ResolverClass) => {
        const instance = instances.get(target);
        if (instance === undefined) throw new Error(`no instance of the resolver ${target.name} was given`);
        return instance;
      },
    },
    validate: false,
    scalarsMap: [{ type: Date, scalar: DateTime }],
    // Nothing is published here: each topic has its own source. GraphQL waits for the promise, which type-graphql's types do not mention.
    pubSub: {
      publish: () => undefined,
      subscribe: (topic, topicId) => (events[topic] as EventSource)(topicId as never) as unknown as AsyncIterable<unknown>,
    },
    // Only what the resolvers reach: classes that happen to be loaded stay out.
    orphanedTypes: [],
  });
  // type-graphql cannot say @oneOf; graphql reads the mark from the type.
  for (const type of Object.values(schema.getTypeMap())) if (isInputObjectType(type) && type.extensions.oneOf === true) type.isOneOf = true;
  requirePlainArguments(schema);
  return schema;
}

/** What schema.graphql holds. */
export function printSchemaSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
