import { z } from 'zod';
import { badInput } from '../errors.js';
import { RULES } from './rules/registry.js';
import type { RuleKind } from './vocabulary.js';

/**
 * Checks `value` by a schema; `field` is its path in the request.
 * @throws VitrineError BAD_USER_INPUT with the path of the first fault, such as `input.parameters.minShare`
 */
export function readBy<T>(schema: z.ZodType<T>, value: unknown, field: string): T {
  // PostgreSQL's texts can hold neither; JSON can.
  if (/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value) ?? ''))
    throw badInput(field, '…', 'texts without NUL characters and broken surrogate pairs');
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  if (issue.code === 'unrecognized_keys') {
    const path = formatPath(field, [...issue.path, issue.keys[0] as string]);
    const known = knownKeys(schema, issue.path);
    throw badInput(
      path,
      valueAt(value, [...issue.path, issue.keys[0] as string]),
      known,
      `${path} is not known here; allowed: ${known.join(', ')}.`,
    );
  }
  const path = formatPath(field, issue.path);
  const given = valueAt(value, issue.path);
  const allowed = issue.message.replace(/^(Too (big|small)|Invalid (input|option|string)): /, '');
  throw badInput(path, given, allowed, `${path}: ${given === undefined ? 'missing' : JSON.stringify(given)?.slice(0, 120)}; ${allowed}.`);
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

type JsonSchema = { properties?: Record<string, JsonSchema>; items?: JsonSchema };

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at = z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as JsonSchema | undefined;
  for (const key of path) at = typeof key === 'number' ? at?.items : at?.properties?.[String(key)];
  return Object.keys(at?.properties ?? {});
}
