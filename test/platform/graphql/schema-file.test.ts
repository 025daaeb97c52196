import { readFileSync } from 'node:fs';
import { buildSchema, isInterfaceType, isObjectType, lexicographicSortSchema, printSchema } from 'graphql';
import { findUndescribed } from '../../support/undescribed.js';

// schema.graphql as committed. That it is what the resolvers make is compared where the whole application is assembled.
const text = readFileSync('schema.graphql', 'utf8');
const schema = buildSchema(text);

describe('schema.graphql', () => {
  it('is sorted, as it is printed', () => {
    expect(text.trimEnd()).toBe(printSchema(lexicographicSortSchema(schema)));
  });

  it('describes every type, field, argument and value', () => {
    expect(findUndescribed(schema)).toEqual([]);
  });

  it('pages every connection with first and after', () => {
    const wrong: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) && !isInterfaceType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        if (!String(field.type).replace('!', '').endsWith('Connection')) continue;
        const names = field.args.map((argument) => argument.name);
        if (!names.includes('first') || !names.includes('after')) wrong.push(`${type.name}.${field.name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('gives every mutation one input and a payload with userErrors', () => {
    const wrong: string[] = [];
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      const payload = schema.getType(String(field.type).replaceAll('!', ''));
      const named = field.args.length === 1 && field.args[0]?.name === 'input' && String(field.args[0].type).endsWith('Input!');
      if (!named || !isObjectType(payload) || !('userErrors' in payload.getFields())) wrong.push(field.name);
    }
    expect(wrong).toEqual([]);
  });
});
