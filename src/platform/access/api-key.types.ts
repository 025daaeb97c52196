import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf } from '../graphql/connection.js';
import { Node } from '../graphql/node.js';
import { UserError } from '../graphql/payload.js';
import type { Role } from '../../viewer.js';

/** The GraphQL enum of {@link Role}. */
export const RoleType = { VIEWER: 'VIEWER', EDITOR: 'EDITOR', ADMIN: 'ADMIN' } as const satisfies { [R in Role]: R };
registerEnumType(RoleType, {
  name: 'Role',
  description: 'What an API key may do. Each role may do all that the ones before it may.',
  valuesConfig: {
    VIEWER: { description: 'Reads and searches.' },
    EDITOR: { description: 'Imports, edits and tags assets, and judges findings.' },
    ADMIN: { description: 'Manages brands, rules and API keys.' },
  },
});

@ObjectType({
  implements: Node,
  description: 'A key that gives a program or a person access to one organisation. Its secret is shown once, when it is made.',
})
export class ApiKey extends Node {
  @Field(() => String, { description: 'What the key is for.' })
  name!: string;

  @Field(() => RoleType, { description: 'What the key may do.' })
  role!: Role;

  @Field(() => String, { description: 'How the secret begins, to tell keys apart.' })
  prefix!: string;

  @Field(() => Date, { description: 'When the key was made.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'From when on the key is refused; null: never.' })
  expiresAt!: Date | null;

  @Field(() => Date, { nullable: true, description: 'When the key was last used, to about a minute; null: never.' })
  lastUsedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: 'When the key was revoked; null: it was not.' })
  revokedAt!: Date | null;
}

export const ApiKeyConnection = connectionOf(ApiKey, 'ApiKey');
export type ApiKeyConnection = InstanceType<typeof ApiKeyConnection>;

@ObjectType({ description: 'What `apiKeyCreate` did.' })
export class ApiKeyCreatePayload {
  @Field(() => ApiKey, { nullable: true, description: 'The new key; null when there are errors.' })
  apiKey?: ApiKey;

  @Field(() => String, {
    nullable: true,
    description: 'The secret to send as `Authorization: Bearer …`. It is not stored and never shown again.',
  })
  secret?: string;

  @Field(() => [UserError], { description: 'Why no key was made; empty when one was.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `apiKeyRevoke` did.' })
export class ApiKeyRevokePayload {
  @Field(() => ApiKey, { nullable: true, description: 'The revoked key; null when there are errors.' })
  apiKey?: ApiKey;

  @Field(() => [UserError], { description: 'Why the key was not revoked; empty when it was.' })
  userErrors!: UserError[];
}
