import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { UserError } from '../../platform/graphql/payload.js';
import type { GuidelineImport } from './guideline-file.service.js';

export const GuidelineFileFormat = { YAML: 'YAML', JSON: 'JSON' } as const;
registerEnumType(GuidelineFileFormat, {
  name: 'GuidelineFileFormat',
  description: 'How a guideline file is written. Both say the same, and both are read.',
  valuesConfig: { YAML: { description: 'YAML 1.2, for people.' }, JSON: { description: 'JSON.' } },
});

const ChangeSubject = { BRAND: 'BRAND', MARK: 'MARK', GUIDELINE: 'GUIDELINE', RULE: 'RULE' } as const;
registerEnumType(ChangeSubject, {
  name: 'GuidelineChangeSubject',
  description: 'What an import of a guideline file makes or changes.',
  valuesConfig: {
    BRAND: { description: 'A brand, its palette included.' },
    MARK: { description: 'A mark of a brand.' },
    GUIDELINE: { description: 'A guideline, its sections included.' },
    RULE: { description: 'A rule, its test cases included.' },
  },
});

const ChangeAction = { CREATED: 'CREATED', CHANGED: 'CHANGED', PUBLISHED: 'PUBLISHED', WITHDRAWN: 'WITHDRAWN' } as const;
registerEnumType(ChangeAction, {
  name: 'GuidelineChangeAction',
  description: 'What an import of a guideline file does to something.',
  valuesConfig: {
    CREATED: { description: 'It was not there.' },
    CHANGED: { description: 'It was there and said something else.' },
    PUBLISHED: { description: 'The rule comes into force.' },
    WITHDRAWN: { description: 'The rule is no longer in force: retired, or a draft again.' },
  },
});

@ObjectType({ description: 'A brand and its guidelines as a file.' })
export class GuidelineFile {
  @Field(() => String, { description: 'A name for the file.' })
  fileName!: string;

  @Field(() => String, { description: 'Its text; `guidelineFileSchema` describes it, `guidelineImport` reads it.' })
  content!: string;
}

@InputType({ description: 'A guideline file to import.' })
export class GuidelineImportInput {
  @Field(() => String, {
    description: 'The text of the file, YAML or JSON. A request body of this API is limited (256 KiB); `vitrine guideline import` is not.',
  })
  content!: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether rules come into the state that the file says. Otherwise new ones are drafts, and others stay in their state.',
  })
  publish!: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether rules that the guideline has and the file does not name are retired.',
  })
  retireMissing!: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether test cases and marks whose asset is not in this library are left out, with a notice. Otherwise they are refused.',
  })
  skipMissingAssets!: boolean;

  @Field(() => Boolean, { defaultValue: false, description: 'Whether everything is only checked and told, and nothing kept.' })
  dryRun!: boolean;
}

@ObjectType({ description: 'Something that an import of a guideline file made or changed, or would.' })
export class GuidelineChange {
  @Field(() => ChangeSubject, { description: 'What it is.' })
  subject!: keyof typeof ChangeSubject;

  @Field(() => String, { description: 'Keys from the brand down, such as `acme/web-basics/web-format`.' })
  name!: string;

  @Field(() => ChangeAction, { description: 'What is done to it.' })
  action!: keyof typeof ChangeAction;

  @Field(() => [String], { description: 'What of it changes, such as `parameters`; empty unless it is CHANGED.' })
  fields!: string[];
}

@ObjectType({ description: 'A brand that a guideline file names.' })
export class GuidelineImportBrand {
  @Field(() => ID, { description: 'Global id of the brand. After a dry run of a brand that is not there, an id of nothing.' })
  id!: string;

  @Field(() => String, { description: 'Its key.' })
  key!: string;

  @Field(() => [ID], { description: 'Global ids of its guidelines in the order of the file. After a dry run they may be ids of nothing.' })
  guidelineIds!: string[];
}

@ObjectType({ description: 'What `guidelineImport` did, or would do.' })
export class GuidelineImportResult {
  @Field(() => [GuidelineImportBrand], { description: 'Brands of the file by key.' })
  brands!: GuidelineImportBrand[];

  @Field(() => Int, { description: 'Rules that the file names.' })
  rules!: number;

  @Field(() => [GuidelineChange], { description: 'What is made or changed; empty when everything is so already.' })
  changes!: GuidelineChange[];

  @Field(() => [String], { description: 'What is worth knowing though nothing is wrong.' })
  notices!: string[];

  @Field(() => Boolean, { description: 'Whether nothing was kept.' })
  dryRun!: boolean;
}

@ObjectType({ description: 'What `guidelineImport` did.' })
export class GuidelineImportPayload {
  @Field(() => GuidelineImportResult, { nullable: true, description: 'What was made and changed; null when there are `userErrors`.' })
  import?: GuidelineImportResult;

  @Field(() => [UserError], { description: 'All that is wrong with the file, with path and line; empty on success.' })
  userErrors!: UserError[];
}

/** What an import did as the API shows it. */
export function toImportResult(result: GuidelineImport): GuidelineImportResult {
  const brands = result.brands.map(({ id, key, guidelineIds }) => ({
    ...{ id: toGlobalId('Brand', id), key },
    guidelineIds: guidelineIds.map((guideline) => toGlobalId('Guideline', guideline)),
  }));
  return { ...result, brands };
}
