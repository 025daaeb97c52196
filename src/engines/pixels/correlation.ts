/** Averages over boxes, parts of pixels counted by their part; all sizes here shrink. */
export function resize(plane: Float64Array, side: number, width: number, height: number): Float64Array {
  const rows = new Float64Array(width * side);
  for (let x = 0; x < width; x++)
    for (const [from, weight] of span(x, width, side))
      for (let y = 0; y < side; y++) rows[y * width + x]! += plane[y * side + from]! * weight;
  const out = new Float64Array(width * height);
  for (let y = 0; y < height; y++)
    for (const [from, weight] of span(y, height, side))
      for (let x = 0; x < width; x++) out[y * width + x]! += rows[from * width + x]! * weight;
  return out;
}

function span(at: number, length: number, side: number): [from: number, weight: number][] {
  const [start, end] = [(at * side) / length, ((at + 1) * side) / length];
  const found: [number, number][] = [];
  for (let from = Math.floor(start); from < Math.min(side, Math.ceil(end)); from++)
    found.push([from, (Math.min(end, from + 1) - Math.max(start, from)) / (end - start)]);
  return found;
}

export function deviation(values: Float64Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2));
}

/** Pearson's correlation; 0 where one side has no structure, 1 where both have none. */
export function correlation(a: Float64Array, b: Float64Array): number {
  const side = Math.sqrt(a.length);
  if (deviation(a) < 1 && deviation(b) < 1) return 1;
  return correlationAt(toGround(a, side), 0, 0, toTemplate(b, side, side));
}

/** A picture to look in: sums over any box of it in four look-ups. */
export interface Ground {
  side: number;
  values: Float64Array;
  /** [side + 1, side + 1]: sums of all values above and left, and of their squares. */
  sums: Float64Array;
  squares: Float64Array;
}

export function toGround(values: Float64Array, side: number): Ground {
  const width = side + 1;
  const [sums, squares] = [new Float64Array(width * width), new Float64Array(width * width)];
  for (let y = 0; y < side; y++) {
    let [sum, square] = [0, 0];
    for (let x = 0; x < side; x++) {
      const value = values[y * side + x]!;
      sum += value;
      square += value * value;
      sums[(y + 1) * width + x + 1] = sums[y * width + x + 1]! + sum;
      squares[(y + 1) * width + x + 1] = squares[y * width + x + 1]! + square;
    }
  }
  return { side, values, sums, squares };
}

/** What is looked for, with its mean taken off: at every place only the products are left to be summed. */
export interface Template {
  width: number;
  height: number;
  values: Float64Array;
  variance: number;
}

export function toTemplate(values: Float64Array, width: number, height: number): Template {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  return { width, height, values: centred, variance: centred.reduce((sum, value) => sum + value * value, 0) / values.length };
}

/** Pearson's correlation of the template with the box at `left`, `top`; 0 where one of them has no structure. */
export function correlationAt({ side, values, sums, squares }: Ground, left: number, top: number, template: Template): number {
  const { width, height, values: wanted, variance } = template;
  const n = width * height;
  const [above, below] = [top * (side + 1), (top + height) * (side + 1)];
  const box = (table: Float64Array) =>
    table[below + left + width]! - table[above + left + width]! - table[below + left]! + table[above + left]!;
  const varianceHere = box(squares) / n - (box(sums) / n) ** 2;
  if (varianceHere < 1 || variance < 1) return 0;
  let products = 0;
  for (let y = 0; y < height; y++) {
    const [row, from] = [(top + y) * side + left, y * width];
    for (let x = 0; x < width; x++) products += values[row + x]! * wanted[from + x]!;
  }
  return products / n / Math.sqrt(varianceHere * variance);
}
