import { coerceInputValue, type GraphQLInputType, type GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import { badInput, VitrineErrors, type VitrineError } from '../../errors.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import type { GuidelineFileService, ScopeTypes } from './guideline-file.service.js';
import {
  GuidelineFile,
  GuidelineFileFormat,
  GuidelineImportInput,
  GuidelineImportPayload,
  toImportResult,
} from './guideline-file.types.js';

@Resolver()
export class GuidelineFileResolver {
  readonly #files: GuidelineFileService;

  constructor(files: GuidelineFileService) {
    this.#files = files;
  }

  @Query(() => JSONObject, { description: 'JSON Schema (2020-12) of guideline files, the parameters of every kind of rule included.' })
  guidelineFileSchema(@Ctx() context: RequestContext) {
    viewerOf(context);
    return this.#files.fileSchema();
  }

  @Query(() => GuidelineFile, {
    description: 'A brand as a file: palette, marks, and its guidelines with sections, rules and test cases. `guidelineImport` reads it.',
  })
  guidelineExport(
    @Ctx() context: RequestContext,
    @Arg('brand', () => ID, { description: 'Global id of the brand.' }) brand: string,
    @Arg('guideline', () => ID, { nullable: true, description: 'Only this guideline of the brand. Null: all of them.' })
    guideline: string | null | undefined,
    @Arg('format', () => GuidelineFileFormat, { defaultValue: 'YAML', description: 'How the file is written.' })
    format: keyof typeof GuidelineFileFormat,
  ) {
    const brandId = fromGlobalId('Brand', brand, 'brand');
    const guidelineId = guideline == null ? null : fromGlobalId('Guideline', guideline, 'guideline');
    return this.#files.exportFile(viewerOf(context), { brandId, guidelineId }, format);
  }

  @Mutation(() => GuidelineImportPayload, {
    description:
      'Makes brands, palettes, marks, guidelines and rules be as a file says, all or nothing; doing it again changes nothing. Brands, guidelines and rules are found by their keys, and what the file does not name stays. Needs the role ADMIN.',
  })
  guidelineImport(
    @Ctx() context: RequestContext,
    @Info() { schema }: GraphQLResolveInfo,
    @Arg('input', () => GuidelineImportInput, { description: 'The file, and what to do with it.' }) {
      content,
      ...options
    }: GuidelineImportInput,
  ) {
    return payload(async () => ({
      import: toImportResult(await this.#files.importText(viewerOf(context), content, options, 'document', scopeTypesOf(schema))),
    }));
  }
}

/** Scopes are filters of the search: their types are those of the API's own input. */
function scopeTypesOf(schema: GraphQLResolveInfo['schema']): ScopeTypes {
  return (scope, field) => {
    const faults: VitrineError[] = [];
    const filter = coerceInputValue(scope, schema.getType('AssetFilter') as GraphQLInputType, (path, value, { message }) => {
      const at = path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${key}`), field);
      faults.push(badInput(at, value, 'what the input type AssetFilter says', `${at}: ${message}`));
    });
    const [first, ...rest] = faults;
    if (first !== undefined) throw new VitrineErrors([first, ...rest]);
    return filter as object;
  };
}
