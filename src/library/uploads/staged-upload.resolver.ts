import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import type { MultipartUploadService } from './multipart-upload.service.js';
import { RESUMABLE_PATH } from './resumable-uploads.js';
import {
  StagedUploadCompleteInput,
  StagedUploadCreateInput,
  StagedUploadDiscardInput,
  StagedUploadPartsCreateInput,
} from './staged-upload.inputs.js';
import {
  StagedUploadCompletePayload,
  StagedUploadCreatePayload,
  StagedUploadDiscardPayload,
  StagedUploadPartsCreatePayload,
} from './staged-upload.types.js';
import type { StagedUploadService } from './staged-upload.service.js';

@Resolver()
export class StagedUploadResolver {
  readonly #uploads: StagedUploadService;
  readonly #multipart: MultipartUploadService;
  readonly #baseUrl: () => string;

  constructor(uploads: StagedUploadService, multipart: MultipartUploadService, baseUrl: () => string) {
    this.#uploads = uploads;
    this.#multipart = multipart;
    this.#baseUrl = baseUrl;
  }

  @Mutation(() => StagedUploadCreatePayload, {
    description: 'Gives addresses per file to send its bytes to; then import them. Needs the role EDITOR.',
  })
  stagedUploadCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => StagedUploadCreateInput, { description: 'The files.' }) input: StagedUploadCreateInput,
  ) {
    return payload(async () => {
      const uploads = await this.#uploads.create(viewerOf(context), input.files);
      return {
        uploads: uploads.map(({ id, token, fileName, expiresAt }) => ({
          id: toGlobalId('StagedUpload', id),
          url: `${this.#baseUrl()}/uploads/${token}`,
          resumableUrl: `${this.#baseUrl()}${RESUMABLE_PATH}/${token}`,
          partsOffered: this.#multipart.offered,
          fileName,
          expiresAt,
        })),
      };
    });
  }

  @Mutation(() => StagedUploadPartsCreatePayload, {
    description:
      'Gives addresses to send a staged upload to in parts, straight to the bucket that keeps the files; after an interruption, of the parts ' +
      'that are missing. Then `stagedUploadComplete`. Needs the role EDITOR.',
  })
  stagedUploadPartsCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => StagedUploadPartsCreateInput, { description: 'The upload and its parts.' })
    { upload, partNumbers }: StagedUploadPartsCreateInput,
  ) {
    return payload(async () => ({ upload: await this.#multipart.createParts(viewerOf(context), keyOf(upload), partNumbers ?? null) }));
  }

  @Mutation(() => StagedUploadCompletePayload, {
    description:
      'Puts the parts of an upload together and checks its bytes, which takes seconds per gigabyte: where the answer comes too late, ask again, ' +
      'which is harmless. Needs the role EDITOR.',
  })
  stagedUploadComplete(
    @Ctx() context: RequestContext,
    @Arg('input', () => StagedUploadCompleteInput, { description: 'The upload.' }) { upload }: StagedUploadCompleteInput,
  ) {
    return payload(async () => {
      const { id, file_name, declared_byte_size, sha256 } = await this.#multipart.complete(viewerOf(context), keyOf(upload));
      return { upload: { id: toGlobalId('StagedUpload', id), fileName: file_name, byteSize: declared_byte_size, sha256 } };
    });
  }

  @Mutation(() => StagedUploadDiscardPayload, {
    description: 'Gives a staged upload up, with whatever has arrived of it. Needs the role EDITOR.',
  })
  stagedUploadDiscard(
    @Ctx() context: RequestContext,
    @Arg('input', () => StagedUploadDiscardInput, { description: 'The upload.' }) { upload }: StagedUploadDiscardInput,
  ) {
    return payload(async () => {
      await this.#multipart.discard(viewerOf(context), keyOf(upload));
      return { discardedId: upload };
    });
  }
}

const keyOf = (id: string) => fromGlobalId('StagedUpload', id, 'input.upload');
