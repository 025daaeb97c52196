import { Arg, Ctx, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import type { Viewer } from '../../viewer.js';
import type { ModelInstallationRecord, ModelInstallationService } from './model-installation.service.js';
import {
  AvailableModel,
  ModelInstallation,
  ModelUseCancelInput,
  ModelUseCancelPayload,
  ModelUseInput,
  ModelUsePayload,
  toAvailableModel,
  toModelInstallation,
} from './model-installation.types.js';

/** Topic of what happens to one model on its way into use. */
export const MODEL_INSTALLATION_CHANGED = 'MODEL_INSTALLATION_CHANGED';
export interface ModelInstallationTopic {
  viewer: Viewer;
  model: string;
}

@Resolver(() => AvailableModel)
export class ModelInstallationResolver {
  readonly #installations: ModelInstallationService;

  constructor(installations: ModelInstallationService) {
    this.#installations = installations;
  }

  @Query(() => [AvailableModel], {
    description: 'Models that see what is in pictures: those on the server, then those that it can fetch. Never many.',
  })
  async availableModels(@Ctx() context: RequestContext): Promise<AvailableModel[]> {
    return (await this.#installations.listAvailable(viewerOf(context))).map(toAvailableModel);
  }

  @Subscription(() => ModelInstallation, {
    topics: MODEL_INSTALLATION_CHANGED,
    topicId: ({ args, context }): ModelInstallationTopic => ({
      viewer: viewerOf(context as RequestContext),
      model: args.model as string,
    }),
    description: 'A model on its way into use as it is now, and again after every change (twice a second at most) until that is over.',
  })
  modelUseProgress(
    @Root() row: ModelInstallationRecord,
    // Declares the argument, which topicId reads.
    @Arg('model', () => String, { description: 'A name that `modelUse` was asked for.' }) _model: string,
  ): ModelInstallation {
    return toModelInstallation(row);
  }

  @Mutation(() => ModelUsePayload, {
    description:
      'Brings a model into use in one step, in the background: fetches and checks it where it is not on the server, makes its vectors beside those in use, and switches when every picture has one; search goes on all the while. Again while that is under way it changes nothing, after a failure it goes on. Needs ADMIN.',
  })
  modelUse(
    @Ctx() context: RequestContext,
    @Arg('input', () => ModelUseInput, { description: 'Which one.' }) { model }: ModelUseInput,
  ): Promise<ModelUsePayload> {
    return payload(async () => ({ installation: toModelInstallation(await this.#installations.start(viewerOf(context), model)) }));
  }

  @Mutation(() => ModelUseCancelPayload, {
    description: 'Gives up what modelUse began, and removes what has arrived and was made for it. What is in use stays. Needs ADMIN.',
  })
  modelUseCancel(
    @Ctx() context: RequestContext,
    @Arg('input', () => ModelUseCancelInput, { description: 'Which one.' }) { model }: ModelUseCancelInput,
  ): Promise<ModelUseCancelPayload> {
    return payload(async () => ({ installation: toModelInstallation(await this.#installations.cancel(viewerOf(context), model)) }));
  }
}
