import {
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

const NESTED_PAGE = 3;

/**
 * Everything that can be selected below a type without arguments, `depth` levels of objects down; types do not repeat on a path.
 * @param kind of what an interface is asked for; only its own fields when there is no such type
 */
export function selectAll(schema: GraphQLSchema, type: GraphQLOutputType, kind?: string, depth = 5, above: readonly string[] = []): string {
  const named = getNamedType(type);
  if (isInterfaceType(named)) {
    const found = schema.getPossibleTypes(named).find(({ name }) => name === kind);
    return `{ __typename id ${found ? `... on ${kind} ${selectAll(schema, found, undefined, depth, above)}` : ''} }`;
  }
  if (!isObjectType(named)) return '';
  const path = [...above, named.name];
  const fields = Object.values(named.getFields()).flatMap((field) => {
    const inner = getNamedType(field.type);
    if (field.args.some(isRequiredArgument)) return [];
    if (isLeafType(inner)) return [field.name];
    // What stands beside its id is what `node` gives for it.
    if (field.extensions.besideId !== undefined) return [`${field.name} { __typename id }`];
    if (depth === 0 || path.includes(inner.name)) return [];
    return [`${field.name}${pageOf(field)} ${selectAll(schema, field.type, undefined, depth - 1, path)}`];
  });
  return `{ __typename ${fields.join(' ')} }`;
}

function pageOf(field: GraphQLField<unknown, unknown>): string {
  return field.args.some((argument) => argument.name === 'first') ? `(first: ${NESTED_PAGE})` : '';
}
