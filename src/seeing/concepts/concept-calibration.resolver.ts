import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import type { ConceptCalibrationService } from './concept-calibration.service.js';
import {
  ConceptCalibrateInput,
  ConceptCalibratePayload,
  ConceptLabelsSetInput,
  ConceptLabelsSetPayload,
  ConceptLabelSuggestion,
  ConceptLabelSuggestionsArgs,
} from './concept-calibration.types.js';

@Resolver()
export class ConceptCalibrationResolver {
  readonly #calibration: ConceptCalibrationService;

  constructor(calibration: ConceptCalibrationService) {
    this.#calibration = calibration;
  }

  @Query(() => [ConceptLabelSuggestion], {
    description:
      'Pictures whose label would teach the most about a concept: near its threshold, the strongest while few are known to show it, and at random. Label twenty with conceptLabelsSet, then ask conceptCalibrate.',
  })
  conceptLabelSuggestions(
    @Ctx() context: RequestContext,
    @Args(() => ConceptLabelSuggestionsArgs) { concept, count }: ConceptLabelSuggestionsArgs,
  ) {
    return this.#calibration.suggest(viewerOf(context), concept, count);
  }

  @Mutation(() => ConceptLabelsSetPayload, {
    description:
      'Says which pictures show a concept and which do not. Labels belong to versions and hold for every revision of concept and model. All or nothing. Needs the role EDITOR.',
  })
  conceptLabelsSet(
    @Ctx() context: RequestContext,
    @Arg('input', () => ConceptLabelsSetInput, { description: 'Concept and assets.' }) input: ConceptLabelsSetInput,
  ) {
    return payload(() => this.#calibration.setLabels(viewerOf(context), input));
  }

  @Mutation(() => ConceptCalibratePayload, {
    description:
      'Turns labels into probabilities and a threshold, with the precision and recall to expect over the whole library. Needs the role EDITOR.',
  })
  conceptCalibrate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ConceptCalibrateInput, { description: 'Concept and target.' }) input: ConceptCalibrateInput,
  ) {
    return payload(() => this.#calibration.calibrate(viewerOf(context), input));
  }
}
