import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { DetectedObjectRow, DetectionService } from './detection.service.js';
import { DetectedObject, ObjectDetectorInUse } from './detection.types.js';

@Resolver(() => Asset)
export class DetectionResolver {
  readonly #detections: DetectionService;

  constructor(detections: DetectionService) {
    this.#detections = detections;
  }

  @Query(() => ObjectDetectorInUse, {
    nullable: true,
    description: 'The detector that pictures are searched with; null where there is none.',
  })
  objectDetector(@Ctx() context: RequestContext) {
    return this.#detections.inUse(viewerOf(context));
  }

  @FieldResolver(() => [DetectedObject], {
    description:
      'What the detector has found in its current file, the surest first; empty without a detector, and until the picture was searched.',
  })
  detectedObjects(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<DetectedObject[]> {
    const loader = loaderOf(context, DetectionResolver, () => {
      return new DataLoader<string, DetectedObjectRow[]>((ids) => this.#detections.objectsInVersions(viewerOf(context), ids));
    });
    return loader.load(asset.row.current_version_id);
  }
}
