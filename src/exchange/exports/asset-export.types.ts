import 'reflect-metadata';
import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { UserError } from '../../platform/graphql/payload.js';
import { AssetFilter } from '../../library/filters/filter.inputs.js';
import type { ManifestFormat } from './export-manifest.js';

export const ExportManifestFormat = { JSONL: 'JSONL', CSV: 'CSV' } as const satisfies Record<ManifestFormat, string>;
registerEnumType(ExportManifestFormat, {
  name: 'ExportManifestFormat',
  description: 'Format of the manifest in an exported archive.',
  valuesConfig: {
    JSONL: { description: '`manifest.jsonl`: an import takes it back without loss.' },
    CSV: { description: '`manifest.csv`, for spreadsheets: all metadata are texts, and what does not fit is listed in `problems.jsonl`.' },
  },
});

@InputType({ description: 'What to export.' })
export class AssetExportCreateInput {
  @Field(() => AssetFilter, { nullable: true, description: 'The assets that pass this filter; `{}`: all. Or give `assets`.' })
  filter?: AssetFilter | null;

  @Field(() => [ID], { nullable: true, description: 'These assets, 1 to 1,000. Or give `filter`.' })
  assets?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Key of a preset (`renditionPresets`); the original files when absent.' })
  rendition?: string | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Whether what the library says about each asset is written into a copy of its file; where the file cannot carry it, an XMP file lies beside it.',
  })
  withMetadata!: boolean;

  @Field(() => ExportManifestFormat, { defaultValue: 'JSONL', description: 'Format of the manifest.' })
  manifest!: keyof typeof ExportManifestFormat;
}

@ObjectType({
  description:
    'A ZIP archive that is made while it is downloaded: `files/`, a manifest that an import takes back, and `problems.jsonl` where a file is ' +
    'missing in storage or something is not as in the library.',
})
export class AssetExport {
  @Field(() => String, {
    description: 'Address of the archive. Works without an API key until `expiresAt`, or until the key that made it is revoked or expires.',
  })
  url!: string;

  @Field(() => String, { description: 'Name of the archive.' })
  fileName!: string;

  @Field(() => Int, { description: 'Assets that are selected now. The archive has those that are selected when it is downloaded.' })
  assets!: number;

  @Field(() => Float, { description: 'Bytes of their original files.' })
  byteSize!: number;

  @Field(() => Date, { description: 'When the address stops working.' })
  expiresAt!: Date;
}

@ObjectType({ description: 'What `assetExportCreate` did.' })
export class AssetExportCreatePayload {
  @Field(() => AssetExport, { nullable: true, description: 'The export; null when there are `userErrors`.' })
  export?: AssetExport | null;

  @Field(() => [UserError], { description: 'Why there is none; empty on success.' })
  userErrors!: UserError[];
}
