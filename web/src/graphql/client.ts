import { authExchange } from '@urql/exchange-auth';
import { cacheExchange } from '@urql/exchange-graphcache';
import { Client, type CombinedError, fetchExchange } from 'urql';
import { address } from '../base';
import { signedInAgain } from '../session/session';

/** Types that are part of another thing and have no id of their own: kept inside it. */
const PARTS = [
  'AssetRights',
  'RightsGrant',
  'Release',
  'RenditionLink',
  'RenditionPreset',
  'FacetCounts',
  'FacetValue',
  'SearchReport',
  'Interpretation',
  'InterpretedTerm',
  'InterpretedCondition',
  'InterpretedExclusion',
  'EmbeddingModel',
  'AssetColor',
  'ComplianceReport',
  'VerdictCount',
  'RuleReport',
  'WorstAsset',
  'Violation',
  'ImportItem',
  'ImportCounts',
  'ImportError',
  'ImportItemDuplicate',
  'DuplicateGroup',
  'DuplicatePair',
  'WaiverReport',
  'ResolutionReport',
  'AssetConnection',
  'AssetEdge',
  'PageInfo',
  'UserError',
  'MatchedTerm',
  'BrandColor',
  'FocalPoint',
  'StagedUpload',
];

export const client = new Client({
  url: address('graphql'),
  preferGetMethod: false,
  exchanges: [
    cacheExchange({ keys: Object.fromEntries(PARTS.map((type) => [type, () => null])) }),
    authExchange(async () => ({
      addAuthToOperation: (operation) => operation,
      didAuthError: (error) => codeOf(error) === 'UNAUTHENTICATED' || (error.response as Response | undefined)?.status === 401,
      refreshAuth: signedInAgain,
    })),
    fetchExchange,
  ],
});

export const codeOf = (error: CombinedError): string | undefined => error.graphQLErrors[0]?.extensions.code as string | undefined;
