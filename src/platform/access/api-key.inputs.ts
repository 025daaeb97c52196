import { Field, ID, InputType } from 'type-graphql';
import { RoleType } from './api-key.types.js';
import type { Role } from '../../viewer.js';

@InputType({ description: 'A new API key.' })
export class ApiKeyCreateInput {
  @Field(() => String, { description: 'What the key is for, 1 to 200 characters.' })
  name!: string;

  @Field(() => RoleType, { description: 'What the key may do.' })
  role!: Role;

  @Field(() => Date, { nullable: true, description: 'From when on the key is refused, a moment in the future; left out: never.' })
  expiresAt?: Date | null;
}

@InputType({ description: 'The API key to revoke.' })
export class ApiKeyRevokeInput {
  @Field(() => ID, { description: 'Global id of the key.' })
  id!: string;
}
