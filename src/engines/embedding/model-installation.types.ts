import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { UserError } from '../../platform/graphql/payload.js';
import { Appearance } from '../../vocabulary/appearance.js';
import type { AvailableModelRecord, ModelInstallationRecord } from './model-installation.service.js';

export const ModelOrigin = { BUILT_IN: 'BUILT_IN', OWN: 'OWN' } as const;
registerEnumType(ModelOrigin, {
  name: 'ModelOrigin',
  description: 'Where a model on the server comes from.',
  valuesConfig: {
    BUILT_IN: { description: 'It comes with Vitrine.' },
    OWN: { description: 'It was fetched, or taken from a folder.' },
  },
});

export const ModelInstallationState = {
  WAITING: 'WAITING',
  FETCHING: 'FETCHING',
  BUILDING: 'BUILDING',
  IN_USE: 'IN_USE',
  REPLACED: 'REPLACED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const;
registerEnumType(ModelInstallationState, {
  name: 'ModelInstallationState',
  description: 'How far a model is on its way into use.',
  valuesConfig: {
    WAITING: { description: 'Nobody works on it yet.' },
    FETCHING: { description: 'Its files are fetched and checked; after a break it goes on with what has arrived.' },
    BUILDING: { description: 'Its vectors are made beside those in use; `modelRevisions` says of how many pictures.' },
    IN_USE: { description: 'Searches and rules go by it.' },
    REPLACED: { description: 'Another model was brought into use after it, or in place of it.' },
    FAILED: { description: '`errorCode` and `problem` say why; `modelUse` tries again.' },
    CANCELLED: { description: 'It was given up by `modelUseCancel`.' },
  },
});

@ObjectType({ description: 'A model on its way into use in this organisation.' })
export class ModelInstallation {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => ModelInstallationState, { description: 'How far it is.' })
  state!: keyof typeof ModelInstallationState;

  @Field(() => Float, { description: 'Bytes of its files that have arrived; 0 where it was on the server already.' })
  doneBytes!: number;

  @Field(() => Float, { nullable: true, description: 'Bytes of all its files; null while that is not known.' })
  totalBytes!: number | null;

  @Field(() => String, { nullable: true, description: 'Its revision, the key of `modelRevisions`; null until its files are here.' })
  revision!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Stable code of why it failed, such as MODEL_DOWNLOAD_FAILED, MODEL_CHECKSUM_MISMATCH or STORAGE_FULL; null otherwise.',
  })
  errorCode!: string | null;

  @Field(() => String, { nullable: true, description: 'What is wrong, for people; null while nothing is.' })
  problem!: string | null;

  @Field(() => Date, { description: 'When it was asked for.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it last got on.' })
  updatedAt!: Date;
}

@ObjectType({ description: 'A model that is on the server, or that the server can fetch.' })
export class AvailableModel {
  @Field(() => String, { description: 'Its name, which `modelUse` takes.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'What it is, for people.' })
  title!: string | null;

  @Field(() => String, { nullable: true, description: 'What else is to be known of it.' })
  note!: string | null;

  @Field(() => String, { nullable: true, description: 'Licence of its weights; null where nobody has said it.' })
  license!: string | null;

  @Field(() => [String], { description: 'Languages that it reads, as BCP 47; empty where its maker does not say.' })
  languages!: string[];

  @Field(() => [Appearance], { nullable: true, description: 'Kinds of pictures that it was trained on; null: all.' })
  domains!: Appearance[] | null;

  @Field(() => Int, { nullable: true, description: 'Length of its vectors.' })
  dimensions!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Bytes that it takes, or that are to be fetched; null where that is not known beforehand.',
  })
  byteSize!: number | null;

  @Field(() => ModelOrigin, { nullable: true, description: 'Null: it is not on the server, and `modelUse` fetches it.' })
  origin!: keyof typeof ModelOrigin | null;

  @Field(() => Boolean, { description: 'Whether the searches and rules of this organisation go by it.' })
  isInUse!: boolean;

  @Field(() => ModelInstallation, { nullable: true, description: 'How its last `modelUse` goes or went; null: never asked for.' })
  installation!: ModelInstallation | null;
}

@InputType({ description: 'The model to bring into use.' })
export class ModelUseInput {
  @Field(() => String, { description: 'A name of `availableModels`.' })
  model!: string;
}

@InputType({ description: 'The model to give up.' })
export class ModelUseCancelInput {
  @Field(() => String, { description: 'A name that `modelUse` was asked for.' })
  model!: string;
}

@ObjectType({ description: 'Answer of modelUse.' })
export class ModelUsePayload {
  @Field(() => ModelInstallation, { nullable: true, description: 'How far it is; null when there are errors.' })
  installation?: ModelInstallation | null;

  @Field(() => [UserError], { description: 'What was wrong with the request; empty when it was done.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'Answer of modelUseCancel.' })
export class ModelUseCancelPayload {
  @Field(() => ModelInstallation, { nullable: true, description: 'It is CANCELLED now; null when there are errors.' })
  installation?: ModelInstallation | null;

  @Field(() => [UserError], { description: 'What was wrong with the request; empty when it was done.' })
  userErrors!: UserError[];
}

export function toModelInstallation(row: ModelInstallationRecord): ModelInstallation {
  return row;
}

export function toAvailableModel({ id, domains, languages, installation, ...record }: AvailableModelRecord): AvailableModel {
  return {
    ...record,
    name: id,
    languages: [...languages],
    domains: domains && [...domains],
    installation: installation && toModelInstallation(installation),
  };
}
