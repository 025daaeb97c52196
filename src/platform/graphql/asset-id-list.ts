import { badInput, VitrineError } from '../../errors.js';
import { fromGlobalId } from '../graphql/global-id.js';

export const MAX_ASSETS_PER_CALL = 100;

/**
 * Keys of the assets that one mutation is about, in order, repetitions included.
 * @throws VitrineError BAD_USER_INPUT naming the list or the entry, such as `input.assets[3]`
 */
export function readAssetIds(globalIds: readonly string[], field: string, max = MAX_ASSETS_PER_CALL): string[] {
  if (globalIds.length < 1 || globalIds.length > max) {
    throw badInput(
      field,
      globalIds.length,
      `1 to ${max} assets a call`,
      `${field} has ${globalIds.length} assets; allowed: 1 to ${max} a call.`,
    );
  }
  return globalIds.map((id, index) => fromGlobalId('Asset', id, `${field}[${index}]`));
}

/** @throws VitrineError NOT_FOUND naming the first of `assetIds` that is not among `found` */
export function requireAllFound(assetIds: readonly string[], found: readonly string[], field: string): void {
  const known = new Set(found);
  const index = assetIds.findIndex((id) => !known.has(id));
  if (index === -1) return;
  throw new VitrineError('NOT_FOUND', `${field}[${index}]: there is no such asset. Nothing was changed.`, {
    field: `${field}[${index}]`,
    value: assetIds[index],
  });
}
