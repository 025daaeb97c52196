import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../graphql/context.js';
import { toGlobalId } from '../graphql/global-id.js';
import { payload } from '../graphql/payload.js';
import { RESUMABLE_PATH } from './resumable-uploads.js';
import { StagedUploadCreateInput } from './import.inputs.js';
import { StagedUploadCreatePayload } from './staged-upload.types.js';
import type { StagedUploadService } from './staged-upload.service.js';

@Resolver()
export class StagedUploadResolver {
  readonly #uploads: StagedUploadService;
  readonly #baseUrl: () => string;

  constructor(uploads: StagedUploadService, baseUrl: () => string) {
    this.#uploads = uploads;
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
          fileName,
          expiresAt,
        })),
      };
    });
  }
}
