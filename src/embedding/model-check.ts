import { isVitrineError } from '../errors.js';
import { openEmbedder } from './embedder.js';
import { checkListedFiles, type FileCheck, readManifest } from './model-manifest.js';

export interface ModelCheck {
  folder: string;
  ok: boolean;
  /** Every file that manifest.json lists; empty where the folder has no manifest, then nothing vouches for the weights. */
  files: FileCheck[];
  /** What is wrong, each with what to do. */
  problems: { code: string; message: string }[];
  modelId: string | null;
  revision: string | null;
  dimensions: number | null;
}

/** Checks a model folder from end to end: listed files, configuration, and one run of both encoders on the CPU. Never throws for a bad model. */
export async function verifyModelFolder(folder: string): Promise<ModelCheck> {
  const check: ModelCheck = { folder, ok: false, files: [], problems: [], modelId: null, revision: null, dimensions: null };
  try {
    check.files = await checkListedFiles(folder, await readManifest(folder));
    const embedder = await openEmbedder({ modelFolder: folder, provider: 'cpu' });
    try {
      const { modelId, revision, dimensions } = embedder.info;
      Object.assign(check, { modelId, revision, dimensions });
      await embedder.embedTexts(['a', 'two words']);
    } finally {
      await embedder.close();
    }
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    check.problems.push({ code: error.code, message: error.message });
  }
  check.ok = check.problems.length === 0;
  return check;
}
