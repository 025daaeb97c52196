import { Field, ID, InterfaceType } from 'type-graphql';

@InterfaceType({ description: 'Anything with a global id (Relay).', autoRegisterImplementations: false })
export abstract class Node {
  @Field(() => ID, { description: 'Global id: opaque, stable, unique among all types.' })
  id!: string;
}
