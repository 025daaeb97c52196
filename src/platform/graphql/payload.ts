import 'reflect-metadata';
import { Field, ObjectType } from 'type-graphql';
import { allErrors, isVitrineError, type VitrineError } from '../../errors.js';

@ObjectType({ description: 'Why a mutation did not do what was asked. Nothing was changed.' })
export class UserError {
  @Field(() => String, { description: 'Stable code, such as BAD_USER_INPUT, NOT_FOUND or CONFLICT.' })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Path of the input at fault, such as `input.palette[2].hex`; null when it is none in particular.',
  })
  field!: string | null;

  @Field(() => String, { description: 'What is wrong and what to do, for people.' })
  message!: string;
}

// What the caller can mend. Everything else (a missing key, a broken database) is a GraphQL error.
const MENDABLE = new Set([
  ...[
    'BAD_USER_INPUT',
    'NOT_FOUND',
    'CONFLICT',
    'FILE_NOT_FOUND',
    'FILE_TOO_LARGE',
    'FILE_CHECKSUM_MISMATCH',
    'MULTIPART_INCOMPLETE',
    'MULTIPART_UNAVAILABLE',
    'MANIFEST_INVALID',
    'METADATA_NOT_WRITABLE',
    'METADATA_TOOL_MISSING',
    'URL_REFUSED',
    'RULE_TESTS_FAILED',
  ],
  ...['SELF_APPROVAL', 'RELEASE_BLOCKED', 'RELEASE_NOT_JUDGED'],
]);

/** Runs a mutation's one service call; errors that the caller can mend come back as `userErrors`. */
export async function payload<T extends object>(work: () => Promise<T>): Promise<Partial<T> & { userErrors: UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] };
  } catch (error) {
    if (isVitrineError(error) && MENDABLE.has(error.code))
      return { userErrors: allErrors(error).map(toUserError) } as Partial<T> & { userErrors: UserError[] };
    throw error;
  }
}

export function toUserError(error: VitrineError): UserError {
  return { code: error.code, field: error.field ?? null, message: error.message };
}
