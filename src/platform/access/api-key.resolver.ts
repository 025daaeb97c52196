import { Arg, Ctx, Int, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../graphql/context.js';
import { payload } from '../graphql/payload.js';
import { ApiKeyCreateInput, ApiKeyRevokeInput } from './api-key.inputs.js';
import type { ApiKeyService } from './api-key.service.js';
import { ApiKeyConnection, ApiKeyCreatePayload, ApiKeyRevokePayload } from './api-key.types.js';

@Resolver()
export class ApiKeyResolver {
  readonly #keys: ApiKeyService;

  constructor(keys: ApiKeyService) {
    this.#keys = keys;
  }

  @Query(() => ApiKeyConnection, { description: 'API keys of the organisation, newest first, revoked ones included. Needs ADMIN.' })
  apiKeys(
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable: true, description: 'Rows to return, 1 to 100; 20 when left out.' }) first?: number | null,
    @Arg('after', () => String, { nullable: true, description: 'Cursor of the row to start after.' }) after?: string | null,
  ): Promise<ApiKeyConnection> {
    return this.#keys.list(viewerOf(context), first, after);
  }

  @Mutation(() => ApiKeyCreatePayload, { description: 'Makes an API key and shows its secret, once. Needs ADMIN.' })
  apiKeyCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ApiKeyCreateInput, { description: 'The key to make.' }) input: ApiKeyCreateInput,
  ): Promise<ApiKeyCreatePayload> {
    return payload(async () => {
      const { key, record } = await this.#keys.create(viewerOf(context), input);
      return { apiKey: record, secret: key };
    });
  }

  @Mutation(() => ApiKeyRevokePayload, { description: 'Revokes an API key for good. The last usable ADMIN key stays. Needs ADMIN.' })
  apiKeyRevoke(
    @Ctx() context: RequestContext,
    @Arg('input', () => ApiKeyRevokeInput, { description: 'The key to revoke.' }) input: ApiKeyRevokeInput,
  ): Promise<ApiKeyRevokePayload> {
    return payload(async () => ({ apiKey: await this.#keys.revoke(viewerOf(context), input.id) }));
  }
}
