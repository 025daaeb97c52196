import { createRequire } from 'node:module';

// The part of OpenCV's WebAssembly build that is used, in its own spelling. Every Mat must be deleted by who made it.
export interface Mat {
  readonly rows: number;
  readonly cols: number;
  readonly data32F: Float32Array;
  /** A view of a part; deleted like any other. */
  roi(rectangle: object): Mat;
  delete(): void;
}

export interface OpenCv {
  Mat: {
    new (): Mat;
    new (rows: number, cols: number, type: number): Mat;
  };
  Rect: new (x: number, y: number, width: number, height: number) => object;
  Size: new (width: number, height: number) => object;
  TermCriteria: new (type: number, maxCount: number, epsilon: number) => object;
  matFromArray(rows: number, cols: number, type: number, values: ArrayLike<number>): Mat;
  matchTemplate(image: Mat, template: Mat, result: Mat, method: number): void;
  resize(source: Mat, target: Mat, size: object, fx: number, fy: number, interpolation: number): void;
  copyMakeBorder(source: Mat, target: Mat, top: number, bottom: number, left: number, right: number, border: number): void;
  dft(source: Mat, target: Mat, flags: number, nonzeroRows: number): void;
  getOptimalDFTSize(size: number): number;
  warpAffine(source: Mat, target: Mat, transform: Mat, size: object, flags: number, border: number, value?: object): void;
  findTransformECC(template: Mat, image: Mat, transform: Mat, motion: number, criteria: object, mask: Mat, gaussFilterSize: number): number;
  CV_32FC1: number;
  CV_32FC2: number;
  TM_CCORR: number;
  DFT_COMPLEX_OUTPUT: number;
  DFT_INVERSE: number;
  DFT_REAL_OUTPUT: number;
  DFT_SCALE: number;
  TM_CCOEFF_NORMED: number;
  INTER_AREA: number;
  INTER_LINEAR: number;
  WARP_INVERSE_MAP: number;
  BORDER_REPLICATE: number;
  MOTION_AFFINE: number;
  TermCriteria_COUNT: number;
  TermCriteria_EPS: number;
}

let loading: Promise<{ cv: OpenCv }> | undefined;

/**
 * OpenCV, loaded at the first use: 11 MB of script and a second of start-up that most decoder processes never need. In an object, because
 * the module has a `then` of its own that resolves to itself: awaited bare, it would never come back.
 */
export function loadOpenCv(): Promise<{ cv: OpenCv }> {
  loading ??= new Promise((resolve) => {
    const cv = createRequire(import.meta.url)('@techstark/opencv-js') as OpenCv & { onRuntimeInitialized?: () => void };
    // The script is evaluated synchronously, the WebAssembly inside it is not.
    if (typeof cv.Mat === 'function') resolve({ cv });
    else cv.onRuntimeInitialized = () => resolve({ cv });
  });
  return loading;
}
