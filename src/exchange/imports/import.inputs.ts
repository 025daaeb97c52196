import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { AssetFieldsInput } from '../../library/assets/asset.inputs.js';
import { DuplicateBy, ImportItemState, OnDuplicate } from './vocabulary.js';

@InputType({ description: 'One uploaded file to import, with what is said about it.' })
export class ImportUploadInput {
  @Field(() => ID, { description: 'The staged upload; its bytes must have arrived.' })
  upload!: string;

  @Field(() => AssetFieldsInput, { nullable: true, description: 'What is said about it.' })
  fields?: AssetFieldsInput | null;
}

@InputType({ description: 'One address to fetch a file from, with what is said about it.' })
export class ImportUrlInput {
  @Field(() => String, { description: 'An http or https address that is reachable from the public internet.' })
  url!: string;

  @Field(() => AssetFieldsInput, { nullable: true, description: 'What is said about it.' })
  fields?: AssetFieldsInput | null;
}

@InputType({ description: 'What a column of a manifest is.' })
export class ImportColumnInput {
  @Field(() => String, { description: 'Its name in the manifest.' })
  column!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The column that it stands for, such as `title` or `metadata.shelf`; null: it is passed over.',
  })
  field?: string | null;
}

@InputType({
  description:
    'A ZIP archive. Its files are imported; where it holds `manifest.jsonl`, `manifest.csv` or `manifest.xlsx` on its top level, the files that that names, with its fields.',
})
export class ImportArchiveInput {
  @Field(() => String, { nullable: true, description: 'Path of an archive on the server, inside a folder that it may read.' })
  path?: string | null;

  @Field(() => ID, { nullable: true, description: 'A staged upload that is the archive.' })
  upload?: string | null;

  @Field(() => [ImportColumnInput], { nullable: true, description: 'Columns of its manifest that have other names, up to 100.' })
  columns?: ImportColumnInput[] | null;
}

@InputType({
  description:
    'A manifest: JSON lines (`.jsonl`), CSV or a spreadsheet (`.xlsx`) with a header line. Every row has `file` or `url` and fields of an asset, or an ' +
    '`externalId` alone, which changes the asset that has it. In CSV tags are separated by `;` and ' +
    'further columns are rightsHolder, rightsLicense, rightsStartsOn, rightsExpiresOn, rightsGrants and `metadata.<key>`.',
})
export class ImportManifestInput {
  @Field(() => String, {
    nullable: true,
    description: 'Path of a manifest on the server, inside a folder that it may read. Its files are relative to it.',
  })
  path?: string | null;

  @Field(() => ID, { nullable: true, description: 'A staged upload that is the manifest.' })
  upload?: string | null;

  @Field(() => [ImportColumnInput], { nullable: true, description: 'Columns that have other names, up to 100.' })
  columns?: ImportColumnInput[] | null;

  @Field(() => [ID], { nullable: true, description: 'The staged uploads whose file names the uploaded manifest mentions, up to 1,000.' })
  files?: string[] | null;
}

@InputType({ description: 'A bucket of the S3 server that this server is connected to, or a part of it.' })
export class ImportBucketInput {
  @Field(() => String, { description: 'Name of the bucket, one that the server may read (VITRINE_IMPORT_BUCKETS).' })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Only objects whose keys begin so, such as `campaigns/2026/`. The whole bucket when absent, if that is allowed.',
  })
  prefix?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'A manifest (`.jsonl`, `.csv` or `.xlsx`), its key without the prefix. Then the files that it names are imported, relative to it, with its fields.',
  })
  manifest?: string | null;

  @Field(() => [ImportColumnInput], { nullable: true, description: 'Columns of the manifest that have other names, up to 100.' })
  columns?: ImportColumnInput[] | null;
}

@InputType({ description: 'Where the files come from: exactly one of these.' })
export class ImportSourceInput {
  @Field(() => [ImportUploadInput], { nullable: true, description: 'Staged uploads, 1 to 1,000.' })
  uploads?: ImportUploadInput[] | null;

  @Field(() => String, {
    nullable: true,
    description: 'A folder on the server, inside one that it may read (VITRINE_IMPORT_ROOTS), with all below it.',
  })
  folder?: string | null;

  @Field(() => ImportBucketInput, { nullable: true, description: 'A bucket, or what of it begins with a prefix.' })
  bucket?: ImportBucketInput | null;

  @Field(() => [ImportUrlInput], { nullable: true, description: 'Addresses to fetch files from, 1 to 1,000; use a manifest for more.' })
  urls?: ImportUrlInput[] | null;

  @Field(() => ImportArchiveInput, { nullable: true, description: 'A ZIP archive.' })
  archive?: ImportArchiveInput | null;

  @Field(() => ImportManifestInput, { nullable: true, description: 'A manifest.' })
  manifest?: ImportManifestInput | null;
}

@InputType({ description: 'An import to begin.' })
export class AssetImportCreateInput {
  @Field(() => ImportSourceInput, { description: 'Where the files come from.' })
  source!: ImportSourceInput;

  @Field(() => AssetFieldsInput, { nullable: true, description: 'What is said about every asset whose row says nothing else.' })
  defaults?: AssetFieldsInput | null;

  @Field(() => OnDuplicate, { defaultValue: 'RETURN_EXISTING', description: 'What to do with duplicates.' })
  onDuplicate!: keyof typeof OnDuplicate;

  @Field(() => [DuplicateBy], {
    defaultValue: ['EXACT'],
    description: 'What counts as a duplicate; the first that fits counts, in the order EXACT, PIXELS, NEAR. EXACT always does.',
  })
  duplicateBy!: (keyof typeof DuplicateBy)[];

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Only predict what would become of every item, and what rules would find. Nothing is stored or changed.',
  })
  dryRun!: boolean;

  @Field(() => Boolean, {
    defaultValue: true,
    description:
      'Whether new assets take what their files say in XMP, IPTC and EXIF (title, description, keywords, rights ...) where their rows say nothing.',
  })
  readMetadata!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'A key of your own, 1 to 200 characters: the same key and request again give the same import, not a second one.',
  })
  idempotencyKey?: string | null;
}

@InputType({ description: 'An import.' })
class ImportIdInput {
  @Field(() => ID, { description: 'The import.' })
  id!: string;
}

@InputType({ description: 'An import to cancel.' })
export class AssetImportCancelInput extends ImportIdInput {}

@InputType({ description: 'An import to pause.' })
export class AssetImportPauseInput extends ImportIdInput {}

@InputType({ description: 'An import to go on with.' })
export class AssetImportResumeInput extends ImportIdInput {}

@InputType({ description: 'An import to take back; it must be over.' })
export class AssetImportUndoInput extends ImportIdInput {}

@InputType({ description: 'An import whose items are to be tried again.' })
export class AssetImportRetryInput {
  @Field(() => ID, { description: 'The import; COMPLETED or CANCELLED.' })
  id!: string;

  @Field(() => [ImportItemState], {
    defaultValue: ['FAILED'],
    description: 'Items in these states: FAILED, REJECTED, CANCELLED. What was refused while planning, such as a broken line, stays.',
  })
  states!: (keyof typeof ImportItemState)[];
}

@ArgsType()
export class ImportItemsArgs {
  @Field(() => [ImportItemState], { nullable: true, description: 'Only items in one of these states.' })
  states?: (keyof typeof ImportItemState)[] | null;

  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}

@ArgsType()
export class ImportsArgs {
  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}
