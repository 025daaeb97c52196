import { badInput } from '../../errors.js';

/** Metadata field that says where the texts of a picture stand, for rules about contrast and safe zones. */
export const TEXT_BOXES = 'textBoxes';
const MAX_BOXES = 50;
const SPELLING =
  'boxes such as `0.1 0.7 0.8 0.2 #ffffff`: left, top, width, height as shares (0 to 1) of the picture, colour of the text; `;` between boxes';

/**
 * Checks `textBoxes`. The colour may be left out: then the box counts for safe zones and not for contrast.
 * @throws VitrineError BAD_USER_INPUT naming the box at fault, such as `metadata.textBoxes[1]`
 */
export function checkTextBoxes(value: unknown, field: string): void {
  if (typeof value !== 'string') throw badInput(field, value, SPELLING);
  const boxes = value.replace(/^[; ]+|[; ]+$/g, '').split(/\s*;\s*/);
  if (boxes.length > MAX_BOXES) throw badInput(field, `${boxes.length} boxes`, `at most ${MAX_BOXES} boxes`);
  for (const [index, box] of boxes.entries()) {
    const [x, y, width, height, color, ...rest] = box.trim().split(/\s+/);
    const numbers = [x, y, width, height].map((text) => (/^(0|1|[01]?\.\d{1,9})$/.test(text ?? '') ? Number(text) : Number.NaN));
    const [left, top, across, down] = numbers as [number, number, number, number];
    // 1e-9: sums of decimals such as 0.7 + 0.3
    const inside = across > 0 && down > 0 && left + across <= 1 + 1e-9 && top + down <= 1 + 1e-9;
    if (!inside || rest.length > 0 || (color !== undefined && !/^#[0-9a-f]{6}$/i.test(color)))
      throw badInput(`${field}[${index}]`, box, SPELLING);
  }
}
