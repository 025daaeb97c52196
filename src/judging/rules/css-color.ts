import { z } from 'zod';
import { readHexColor } from '../../engines/pixels/color.js';
import { isVitrineError } from '../../errors.js';

/** A colour as CSS writes it, read as `#rrggbb`. */
export const cssColor = z.string().transform((value, context) => {
  try {
    return readHexColor(value, 'color');
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    context.addIssue({ code: 'custom', message: [error.allowed].flat().join(', ') });
    return z.NEVER;
  }
});
