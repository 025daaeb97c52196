import { Ctx, FieldResolver, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../graphql/context.js';
import type { OrganizationService } from './organization.service.js';
import { Organization, toOrganization, ViewerInfo } from './viewer.types.js';
import type { Viewer } from '../../viewer.js';

@Resolver(() => ViewerInfo)
export class ViewerResolver {
  readonly #organizations: OrganizationService;

  constructor(organizations: OrganizationService) {
    this.#organizations = organizations;
  }

  @Query(() => ViewerInfo, { description: 'Who is asking: organisation, role and name of the API key that was sent.' })
  viewer(@Ctx() context: RequestContext): Viewer {
    return viewerOf(context);
  }

  @FieldResolver(() => Organization, { description: 'The organisation that the key belongs to.' })
  async organization(@Ctx() context: RequestContext): Promise<Organization> {
    return toOrganization(await this.#organizations.getOrganization(viewerOf(context)));
  }
}
