/** What is done to a picture: mirrored left to right or not, and then turned clockwise by so many degrees. */
export interface Turn {
  mirrored: boolean;
  clockwise: 0 | 90 | 180 | 270;
}

/** The seven that change a picture; top to bottom is mirrored and turned by 180. */
export const TURNS: readonly Turn[] = [true, false].flatMap((mirrored) =>
  ([0, 90, 180, 270] as const).filter((clockwise) => mirrored || clockwise !== 0).map((clockwise) => ({ mirrored, clockwise })),
);

/** A square of values, row by row, turned. */
export function turned(values: Float64Array, side: number, { mirrored, clockwise }: Turn): Float64Array {
  const out = new Float64Array(values.length);
  const last = side - 1;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [row, column] =
        clockwise === 0 ? [y, x] : clockwise === 90 ? [last - x, y] : clockwise === 180 ? [last - y, last - x] : [x, last - y];
      out[y * side + x] = values[row * side + (mirrored ? last - column : column)]!;
    }
  }
  return out;
}
