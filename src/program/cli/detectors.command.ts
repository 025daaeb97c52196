import path from 'node:path';
import type { Config } from '../../config.js';
import { openDetector } from '../../seeing/detection/detector.js';
import { DetectorLibrary } from '../../seeing/detection/detector-library.js';
import { readDetectorFolder } from '../../engines/embedding/detector-manifest.js';

const AT_NEXT_START = 'At the next start your pictures are searched by it in the background.';

/** `vitrine detectors list`. */
export async function listDetectorsCommand(config: Config, { json }: { json?: boolean }): Promise<void> {
  const library = open(config);
  const chosen = await library.chosen();
  const rows = await Promise.all(
    (await library.list()).map(async (id) => {
      const { title, license = null, classes, revision } = await library.describe(id);
      return { id, chosen: id === chosen, title, license, classes, revision };
    }),
  );
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) process.stdout.write('There is none: vitrine detectors add <folder>\n');
  else {
    for (const { id, chosen: isChosen, title, license, classes } of rows) {
      const known = classes.length > 8 ? `${classes.slice(0, 8).join(', ')} and ${classes.length - 8} more` : classes.join(', ');
      process.stdout.write(`${isChosen ? '*' : ' '} ${id}  ${[title, license, known].filter(Boolean).join('; ')}\n`);
    }
  }
}

/** `vitrine detectors add <folder>`. */
export async function addDetectorCommand(config: Config, folder: string): Promise<void> {
  const library = open(config);
  const description = await readDetectorFolder(path.resolve(folder));
  const detector = await openDetector(description, { provider: config.model.provider, threads: config.model.threads ?? null });
  await detector.close();
  await library.add(path.dirname(description.path), description);
  const isChosen = (await library.chosen()) === description.id;
  process.stdout.write(`${description.id} loads and runs: revision ${description.revision}, ${description.classes.length} classes.\n`);
  process.stdout.write(isChosen ? `It is chosen. ${AT_NEXT_START}\n` : `Choose it: vitrine detectors use ${description.id}\n`);
}

/** `vitrine detectors use <id>`. */
export async function useDetectorCommand(config: Config, id: string): Promise<void> {
  const library = open(config);
  if (id !== 'none') await library.describe(id);
  await library.choose(id === 'none' ? null : id);
  process.stdout.write(id === 'none' ? 'No detector is chosen from the next start on.\n' : `${id} is chosen. ${AT_NEXT_START}\n`);
}

function open(config: Config): DetectorLibrary {
  return new DetectorLibrary(path.join(config.dataFolder, 'detectors'));
}
