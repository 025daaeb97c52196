// Vectors that look like CLIP's, the same for the same seed: pictures lie in a narrow cone, in clusters of unequal size; texts lie outside
// of that cone, each pointing at some picture. Cosines after the model's own statistics: pictures of a cluster 0.70, of two clusters
// 0.45, a text and a picture 0.07 on average and 0.3 for the nearest.
import { createRandom } from '../../dist/program/samples/random.js';

const CLUSTERS = 500;
const CONE = 0.672;
const CLUSTER = 0.498;
const NOISE = Math.sqrt(1 - CONE ** 2 - CLUSTER ** 2);
const GAP = 0.75;
const CONCEPT = 0.4;
const DETAIL = 0.12;

/**
 * @returns `count` unit vectors in one Float32Array, the cluster of each, and `text(cluster)`: the vector of a text about a picture of
 * that cluster (any, by the clusters' sizes, without an argument)
 */
export function makeVectors(count, dimensions, seed) {
  const normal = makeNormal(seed);
  const random = createRandom(seed + 1);
  // Few directions carry most of the variance, as in real embeddings.
  const spectrum = (exponent) => {
    const scales = Float64Array.from({ length: dimensions }, (_, index) => (index + 1) ** exponent);
    const power = Math.hypot(...scales);
    return scales.map((scale) => scale / power);
  };
  const within = spectrum(-0.46);
  const across = spectrum(-0.15);
  const noise = (out, weight, scales = within) => {
    for (let index = 0; index < dimensions; index += 1) out[index] += weight * normal() * scales[index];
  };
  const direction = () => {
    const out = new Float64Array(dimensions);
    noise(out, 1, across);
    const length = Math.hypot(...out);
    return out.map((value) => value / length);
  };
  const cone = direction();
  const centres = Array.from({ length: CLUSTERS }, direction);
  // Sizes fall with the square root of the rank.
  const weights = Array.from({ length: CLUSTERS }, (_, rank) => (rank + 1) ** -0.5);
  const total = weights.reduce((sum, weight) => sum + weight);
  const ends = [];
  weights.reduce((sum, weight) => ends[ends.push(sum + weight / total) - 1], 0);
  const pickCluster = () => {
    const at = random.integer(0, 999_999) / 1_000_000;
    let low = 0;
    let high = CLUSTERS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  const vectors = new Float32Array(count * dimensions);
  const clusters = new Int32Array(count);
  const one = new Float64Array(dimensions);
  const members = Array.from({ length: CLUSTERS }, () => []);
  for (let row = 0; row < count; row += 1) {
    const cluster = pickCluster();
    clusters[row] = cluster;
    members[cluster].push(row);
    for (let index = 0; index < dimensions; index += 1) one[index] = CONE * cone[index] + CLUSTER * centres[cluster][index];
    noise(one, NOISE);
    const length = Math.hypot(...one);
    for (let index = 0; index < dimensions; index += 1) vectors[row * dimensions + index] = one[index] / length;
  }

  // Texts have a cone of their own that hardly touches that of the pictures.
  const side = direction();
  const overlap = side.reduce((sum, value, index) => sum + value * cone[index], 0);
  const textCone = side.map((value, index) => value - overlap * cone[index]);
  const coneLength = Math.hypot(...textCone);
  // A text is about what a cluster has in common, and a little about one of its pictures.
  const text = (cluster = clusters[random.integer(0, count - 1)]) => {
    const row = random.pick(members[cluster]);
    const out = new Float64Array(dimensions);
    const centre = centres[cluster];
    for (let index = 0; index < dimensions; index += 1) {
      const detail = vectors[row * dimensions + index] - CONE * cone[index] - CLUSTER * centre[index];
      out[index] = GAP * ((0.99 * textCone[index]) / coneLength + 0.13 * cone[index]) + CONCEPT * centre[index] + (DETAIL * detail) / NOISE;
    }
    noise(out, Math.sqrt(1 - GAP ** 2 - CONCEPT ** 2 - DETAIL ** 2), across);
    const length = Math.hypot(...out);
    return Float32Array.from(out, (value) => value / length);
  };
  return { vectors, clusters, text, row: (index) => vectors.subarray(index * dimensions, (index + 1) * dimensions) };
}

/** Standard normal numbers (Box and Muller) from a 32-bit xorshift: quick, and the same everywhere. */
function makeNormal(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  const uniform = () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return (state + 0.5) / 4294967296;
  };
  let spare = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
