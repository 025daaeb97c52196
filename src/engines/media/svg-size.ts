const pixelsPerUnit: Record<string, number> = { '': 1, px: 1, pt: 96 / 72, pc: 16, mm: 96 / 25.4, cm: 96 / 2.54, in: 96, q: 96 / 101.6 };

/** Size of a drawing in CSS pixels by the attributes of its root element; NaN where they do not tell. */
export function naturalSize(attributes: ReadonlyMap<string, string>): { width: number; height: number } {
  const width = lengthOf(attributes.get('width'));
  const height = lengthOf(attributes.get('height'));
  if (width !== null && height !== null) return { width, height };
  const box = (attributes.get('viewBox') ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const boxWidth = box.length === 4 ? box[2]! : Number.NaN;
  const boxHeight = box.length === 4 ? box[3]! : Number.NaN;
  if (width !== null) return { width, height: (width * boxHeight) / boxWidth };
  if (height !== null) return { width: (height * boxWidth) / boxHeight, height };
  return { width: boxWidth, height: boxHeight };
}

function lengthOf(value: string | undefined): number | null {
  const match = /^\s*\+?(\d*\.?\d+(?:e[+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|q)?\s*$/i.exec(value ?? '');
  return match ? Number(match[1]) * pixelsPerUnit[(match[2] ?? '').toLowerCase()]! : null;
}
