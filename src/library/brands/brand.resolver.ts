import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import { DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import { BrandCreateInput, BrandUpdateInput } from './brand.inputs.js';
import type { BrandService } from './brand.service.js';
import { Brand, BrandConnection, BrandCreatePayload, BrandUpdatePayload, toBrand } from './brand.types.js';

@Resolver(() => Brand)
export class BrandResolver {
  readonly #brands: BrandService;

  constructor(brands: BrandService) {
    this.#brands = brands;
  }

  @Query(() => Brand, { nullable: true, description: 'One brand; null when there is none with this id.' })
  async brand(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id of the brand.' }) id: string) {
    const [found] = await this.#brands.findBrands(viewerOf(context), [fromGlobalId('Brand', id, 'id')]);
    return found ? toBrand(found) : null;
  }

  @Query(() => BrandConnection, { description: 'The brands of the organisation by key.' })
  async brands(
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' }) first: number,
    @Arg('after', () => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' }) after?:
      | string
      | null,
  ) {
    const page = await this.#brands.listBrands(viewerOf(context), first, after);
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toBrand(node) })) };
  }

  @Mutation(() => BrandCreatePayload, { description: 'Makes a brand. Needs the role ADMIN.' })
  brandCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => BrandCreateInput, { description: 'The new brand.' }) input: BrandCreateInput,
  ) {
    return payload(async () => ({ brand: toBrand(await this.#brands.createBrand(viewerOf(context), input)) }));
  }

  @Mutation(() => BrandUpdatePayload, {
    description: 'Changes name or palette of a brand; a new palette has its assets judged anew. Needs the role ADMIN.',
  })
  brandUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => BrandUpdateInput, { description: 'What to change.' }) input: BrandUpdateInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Brand', input.id, 'input.id');
      return { brand: toBrand(await this.#brands.updateBrand(viewerOf(context), id, input)) };
    });
  }
}
