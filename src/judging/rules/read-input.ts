import { z } from 'zod';
import { badInput, type VitrineError, VitrineErrors } from '../../errors.js';
import { RULES } from './registry.js';
import type { RuleKind } from '../../vocabulary/compliance.js';

/**
 * Checks `value` by a schema; `field` is its path in the request.
 * @throws VitrineErrors BAD_USER_INPUT, one for each fault, with its path, such as `input.parameters.minShare`
 */
export function readBy<T>(schema: z.ZodType<T>, value: unknown, field: string): T {
  // PostgreSQL's texts can hold neither; JSON can.
  if (/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value) ?? ''))
    throw badInput(field, '…', 'texts without NUL characters and broken surrogate pairs');
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first, ...rest] = result.error.issues.flatMap((issue) => toErrors(schema, issue, value, field));
  throw new VitrineErrors([first as VitrineError, ...rest]);
}

function toErrors(schema: z.ZodType, issue: z.core.$ZodIssue, value: unknown, field: string): VitrineError[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path, value);
    return issue.keys.map((key) => {
      const path = formatPath(field, [...issue.path, key]);
      return badInput(path, valueAt(value, [...issue.path, key]), known, `${path} is not known here; allowed: ${known.join(', ')}.`);
    });
  }
  const path = formatPath(field, issue.path);
  const given = valueAt(value, issue.path);
  const allowed = issue.message.replace(
    /^(Too (big|small)|Invalid (input|option|string|discriminator value)): |^Invalid discriminator value. /,
    '',
  );
  return [
    badInput(path, given, allowed, `${path}: ${given === undefined ? 'missing' : JSON.stringify(given)?.slice(0, 120)}; ${allowed}.`),
  ];
}

/** A rule's parameters with defaults filled in. @throws VitrineError BAD_USER_INPUT */
export function readParameters(kind: RuleKind, value: unknown, field: string): Record<string, unknown> {
  return readBy(RULES[kind].parameters, value, field);
}

/** JSON Schema (2020-12) of what a kind of rule accepts as parameters. */
export function parameterSchema(kind: RuleKind): Record<string, unknown> {
  return z.toJSONSchema(RULES[kind].parameters, { io: 'input' }) as Record<string, unknown>;
}

function formatPath(field: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key).slice(0, 100)}`), field);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}

type JsonSchema = {
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
};

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let at = branchOf(z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as JsonSchema, value);
  for (const [index, key] of path.entries())
    at = branchOf(typeof key === 'number' ? at?.items : at?.properties?.[String(key)], valueAt(value, path.slice(0, index + 1)));
  return Object.keys(at?.properties ?? {});
}

/** Of a schema with alternatives, the one that this value means to be: that whose constants it has, else the first object. */
function branchOf(schema: JsonSchema | undefined, value: unknown): JsonSchema | undefined {
  const branches = schema?.oneOf ?? schema?.anyOf;
  if (branches === undefined) return schema;
  const meant = branches.find(({ properties = {} }) =>
    Object.entries(properties).some(([key, { const: constant }]) => constant !== undefined && constant === valueAt(value, [key])),
  );
  return meant ?? branches.find(({ properties }) => properties !== undefined);
}
