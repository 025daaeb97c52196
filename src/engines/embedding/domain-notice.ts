import type { Appearance } from '../../vocabulary/appearance.js';

/** The smallest model of the registry that understands every kind of picture. */
export const GENERAL_MODEL = 'tinyclip-8m';

/**
 * What is said, once, where some of a library's pictures are of a kind that its model was not trained on, and what helps; null: nothing.
 * @param pictures how many are
 */
export function domainNotice(modelName: string, domains: readonly Appearance[] | null, pictures: number): string | null {
  if (pictures === 0 || domains === null) return null;
  const known = domains.map((domain) => `${domain.toLowerCase()}s`).join(', ');
  const others = pictures === 1 ? '1 other picture is' : `${pictures} other pictures are`;
  return (
    `The model in use, ${modelName}, understands ${known} alone: ${others} found by words of theirs and not by what they show, and rules that ask the ` +
    `model say nothing about them. A model that understands photographs: vitrine models use ${GENERAL_MODEL}`
  );
}
