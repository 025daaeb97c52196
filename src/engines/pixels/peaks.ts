export interface Peak {
  x: number;
  y: number;
  /** Signed. */
  value: number;
}

/** Local extremes of a response, whichever the polarity. */
export function peaksOf({ values, cols, rows }: { values: Float32Array; cols: number; rows: number }, least: number): Peak[] {
  const found: Peak[] = [];
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < cols; x++, at++) {
      const value = Math.abs(values[at]!);
      if (!(value >= least)) continue;
      let highest = true;
      for (let dy = -1; dy <= 1 && highest; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const inside = x + dx >= 0 && x + dx < cols && y + dy >= 0 && y + dy < rows;
          if (inside && Math.abs(values[at + dy * cols + dx]!) > value) {
            highest = false;
            break;
          }
        }
      }
      if (highest) found.push({ x, y, value: values[at]! });
    }
  }
  return found;
}
