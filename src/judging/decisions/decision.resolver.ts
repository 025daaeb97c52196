import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { toFinding } from '../judgements/finding.types.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGivenGlobalId, fromGlobalId } from '../../platform/graphql/global-id.js';
import { allErrors, VitrineError } from '../../errors.js';
import { payload, toUserError } from '../../platform/graphql/payload.js';
import {
  FindingReviewInput,
  FindingsReviewInput,
  FindingWaiveInput,
  WaiverApproveInput,
  WaiverRejectInput,
  WaiverRevokeInput,
  WaiversArgs,
} from './decision.inputs.js';
import {
  FindingReviewPayload,
  FindingsReviewPayload,
  FindingWaivePayload,
  toWaiver,
  WaiverApprovePayload,
  WaiverConnection,
  WaiverRejectPayload,
  WaiverRevokePayload,
} from './decision.types.js';
import type { ReviewService } from './review.service.js';
import type { WaiverService } from './waiver.service.js';

@Resolver()
export class DecisionResolver {
  readonly #reviews: ReviewService;
  readonly #waivers: WaiverService;

  constructor(reviews: ReviewService, waivers: WaiverService) {
    this.#reviews = reviews;
    this.#waivers = waivers;
  }

  @Query(() => WaiverConnection, { description: 'Waivers and requests for them, newest first.' })
  async waivers(@Ctx() context: RequestContext, @Args(() => WaiversArgs) { brand, rule, asset, state, first, after }: WaiversArgs) {
    const page = await this.#waivers.list(viewerOf(context), {
      ...(brand != null && { brandId: fromGlobalId('Brand', brand, 'brand') }),
      ...(rule != null && { ruleId: fromGlobalId('Rule', rule, 'rule') }),
      ...(asset != null && { assetId: fromGlobalId('Asset', asset, 'asset') }),
      ...(state != null && { state }),
      first,
      after,
    });
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toWaiver(node) })) };
  }

  @Mutation(() => FindingReviewPayload, {
    description:
      'Decides a finding after a person has looked, as long as file, rule and model stay the same. Needs the role EDITOR; overruling a FAIL, which is possible only where a model judged, needs ADMIN.',
  })
  findingReview(
    @Ctx() context: RequestContext,
    @Arg('input', () => FindingReviewInput, { description: 'The finding and the decision.' }) input: FindingReviewInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Finding', input.finding, 'input.finding');
      return { finding: toFinding(await this.#reviews.review(viewerOf(context), id, input.decision, input.reason)) };
    });
  }

  @Mutation(() => FindingsReviewPayload, {
    description: 'The same for many findings. Each is decided by itself: what is wrong with one leaves the others, and its result says so.',
  })
  findingsReview(
    @Ctx() context: RequestContext,
    @Arg('input', () => FindingsReviewInput, { description: 'The findings and the decisions.' }) { reviews }: FindingsReviewInput,
  ): Promise<FindingsReviewPayload> {
    return payload(async () => {
      const outcomes = await this.#reviews.reviewMany(viewerOf(context), reviews);
      return {
        results: outcomes.map((outcome) =>
          outcome instanceof VitrineError
            ? { userErrors: allErrors(outcome).map(toUserError) }
            : { finding: toFinding(outcome), userErrors: [] },
        ),
      };
    });
  }

  @Mutation(() => FindingWaivePayload, {
    description: 'Asks for a waiver. Nothing is waived until somebody else approves it (`waiverApprove`). Needs the role EDITOR.',
  })
  findingWaive(
    @Ctx() context: RequestContext,
    @Arg('input', () => FindingWaiveInput, { description: 'What, why and until when.' }) input: FindingWaiveInput,
  ) {
    return payload(async () => {
      const target = {
        findingId: fromGivenGlobalId('Finding', input.finding, 'input.finding'),
        ruleId: fromGivenGlobalId('Rule', input.rule, 'input.rule'),
        assetIds: input.assets?.map((id, n) => fromGlobalId('Asset', id, `input.assets[${n}]`)),
        collectionId: fromGivenGlobalId('Collection', input.collection, 'input.collection'),
        filter: input.filter,
      };
      return { waiver: toWaiver(await this.#waivers.request(viewerOf(context), target, input)) };
    });
  }

  @Mutation(() => WaiverApprovePayload, {
    description:
      'Grants a waiver that somebody else asked for: its findings are WAIVED until it expires, or the file, the rule or the model changes. Needs the role ADMIN.',
  })
  waiverApprove(
    @Ctx() context: RequestContext,
    @Arg('input', () => WaiverApproveInput, { description: 'Which one.' }) input: WaiverApproveInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Waiver', input.id, 'input.id');
      return { waiver: toWaiver(await this.#waivers.approve(viewerOf(context), id, input.reason)) };
    });
  }

  @Mutation(() => WaiverRejectPayload, { description: 'Refuses a request for a waiver. Needs the role ADMIN.' })
  waiverReject(
    @Ctx() context: RequestContext,
    @Arg('input', () => WaiverRejectInput, { description: 'Which one, and why.' }) input: WaiverRejectInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Waiver', input.id, 'input.id');
      return { waiver: toWaiver(await this.#waivers.reject(viewerOf(context), id, input.reason)) };
    });
  }

  @Mutation(() => WaiverRevokePayload, {
    description: 'Ends a waiver before its time, or takes back a request. Needs the role ADMIN, or EDITOR for what the same key asked for.',
  })
  waiverRevoke(
    @Ctx() context: RequestContext,
    @Arg('input', () => WaiverRevokeInput, { description: 'Which one.' }) input: WaiverRevokeInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Waiver', input.id, 'input.id');
      return { waiver: toWaiver(await this.#waivers.revoke(viewerOf(context), id, input.reason)) };
    });
  }
}
