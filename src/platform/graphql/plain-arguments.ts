import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  getNamedType,
  type GraphQLSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { requirePlainData } from '../../plain-data.js';
import type { RequestContext } from './context.js';
import { payload } from './payload.js';

type Resolve = GraphQLFieldResolver<unknown, RequestContext>;

/**
 * Has every field of the schema refuse arguments that are no plain data, so that no resolver has to think of it: as `userErrors` where the
 * field has them. Callers without a key are left to the resolver, which refuses them.
 */
export function requirePlainArguments(schema: GraphQLSchema): void {
  const subscription = schema.getSubscriptionType();
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    if (isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields()).filter(({ args }) => args.length > 0)) {
      const answer = getNamedType(field.type);
      const hasUserErrors = isObjectType(answer) && 'userErrors' in answer.getFields();
      const guarded =
        (resolve: Resolve): Resolve =>
        (source, args, context, info) => {
          if (context.viewer === null) return resolve(source, args, context, info);
          try {
            for (const [name, value] of Object.entries(args)) requirePlainData(value, name);
          } catch (error) {
            if (hasUserErrors) return payload(() => Promise.reject(error));
            throw error;
          }
          return resolve(source, args, context, info);
        };
      if (type === subscription) field.subscribe = guarded(field.subscribe ?? defaultFieldResolver);
      else field.resolve = guarded(field.resolve ?? defaultFieldResolver);
    }
  }
}
