import 'reflect-metadata';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';

type ResolverClass = abstract new (...args: never[]) => object;

/** The schema of these resolvers, each built by the caller. Services check their input themselves. */
export function buildGraphqlSchema(resolvers: readonly object[]): GraphQLSchema {
  const instances = new Map(resolvers.map((resolver) => [resolver.constructor as ResolverClass, resolver]));
  if (instances.size < resolvers.length) throw new Error('a resolver class was given twice');
  return buildSchemaSync({
    resolvers: [...instances.keys()] as unknown as NonEmptyArray<ResolverClass>,
    container: {
      get: (target: ResolverClass) => {
        const instance = instances.get(target);
        if (instance === undefined) throw new Error(`no instance of the resolver ${target.name} was given`);
        return instance;
      },
    },
    validate: false,
    // Only what the resolvers reach: classes that happen to be loaded stay out.
    orphanedTypes: [],
  });
}

/** What schema.graphql holds. */
export function printSchemaSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
