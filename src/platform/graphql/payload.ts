import 'reflect-metadata';
import { Field, ObjectType } from 'type-graphql';
import { allErrors, isVitrineError, traitsOf, type VitrineError } from '../../errors.js';

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

/** Runs a mutation's one service call; errors that the caller can mend come back as `userErrors`; all others are GraphQL errors. */
export async function payload<T extends object>(work: () => Promise<T>): Promise<Partial<T> & { userErrors: UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] };
  } catch (error) {
    if (isVitrineError(error) && traitsOf(error.code).mendable)
      return { userErrors: allErrors(error).map(toUserError) } as Partial<T> & { userErrors: UserError[] };
    throw error;
  }
}

export function toUserError(error: VitrineError): UserError {
  return { code: error.code, field: error.field ?? null, message: error.message };
}
