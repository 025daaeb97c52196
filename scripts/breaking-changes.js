// `npm run schema:changes`: what in schema.graphql breaks clients of the last release (the newest tag v<version>). Exits with 1 where something does and the
// major version is still the same; says so where there was no release.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql';

const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

function lastRelease() {
  try {
    return git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*');
  } catch {
    return null;
  }
}

const release = lastRelease();
if (release === null) console.log('No release yet: nothing to compare schema.graphql with.');
else {
  const before = buildSchema(git('show', `${release}:schema.graphql`));
  const now = buildSchema(await readFile('schema.graphql', 'utf8'));
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  for (const { description } of findDangerousChanges(before, now)) console.log(`worth a line in CHANGELOG.md: ${description}`);
  const breaking = findBreakingChanges(before, now);
  for (const { description } of breaking) console.log(`BREAKS clients of ${release}: ${description}`);
  const isMajor = Number.parseInt(version, 10) > Number.parseInt(release.slice(1), 10);
  if (breaking.length > 0 && !isMajor) {
    console.error('Keep what was released and deprecate it, or raise the major version.');
    process.exitCode = 1;
  }
}
