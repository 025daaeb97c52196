import { Field, ID, ObjectType } from 'type-graphql';
import { toGlobalId } from '../graphql/global-id.js';
import { Node } from '../graphql/node.js';
import { RoleType } from './api-key.types.js';
import type { Role } from '../../viewer.js';
import type { OrganizationRecord } from './organization.service.js';

@ObjectType({ implements: Node, description: 'A customer of this installation. Nothing crosses from one organisation into another.' })
export class Organization implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'Short name, unique in this installation.' })
  slug!: string;

  @Field(() => String, { description: 'Name for people.' })
  name!: string;
}

@ObjectType('Viewer', { description: 'Who is asking: the API key that was sent.' })
export class ViewerInfo {
  @Field(() => Organization, { description: 'The organisation that the key belongs to.' })
  organization!: Organization;

  @Field(() => RoleType, { description: 'What the key may do.' })
  role!: Role;

  @Field(() => String, { description: 'What the key is for.' })
  apiKeyName!: string;
}

export function toOrganization(record: OrganizationRecord): Organization {
  return { ...record, id: toGlobalId('Organization', record.id) };
}
