#!/usr/bin/env node
import { Command } from 'commander';
import { recountCommand, verifyHistoryCommand } from './program/cli/compliance.command.js';
import { demoCommand } from './program/cli/demo.command.js';
import {
  checkGuidelineCommand,
  exportGuidelineCommand,
  type GuidelineExportOptions,
  type GuidelineImportCommandOptions,
  guidelineSchemaCommand,
  importGuidelineCommand,
} from './program/cli/guideline.command.js';
import { addDetectorCommand, listDetectorsCommand, useDetectorCommand } from './program/cli/detectors.command.js';
import { importCommand, type ImportOptions } from './program/cli/import.command.js';
import { editCommand, type EditOptions } from './program/cli/edit.command.js';
import { exportCommand, type ExportOptions } from './program/cli/export.command.js';
import { createKeyCommand } from './program/cli/keys.command.js';
import { addModelCommand, listModelsCommand, pullModelCommand, useModelCommand, verifyModelCommand } from './program/cli/models.command.js';
import { serveCommand, workerCommand } from './program/cli/serve.command.js';
import { addWatchCommand, changeWatchCommand, listWatchCommand, type WatchAddOptions } from './program/cli/watch.command.js';
import { type Config, readConfig } from './config.js';
import { isVitrineError } from './errors.js';
import { type ReportCommandOptions, reportCommand } from './program/cli/report.command.js';
import { listSigningKeysCommand, rotateSigningKeysCommand } from './program/cli/signing-keys.command.js';
import { checkStorageCommand, type StorageCheckCommandOptions } from './program/cli/storage.command.js';
import { createLogger, type Logger } from './log.js';

const program = new Command('vitrine')
  .description('A digital asset manager over GraphQL that sees what is in the pictures.')
  .showHelpAfterError();

program
  .command('serve', { isDefault: true })
  .description('serve the library in VITRINE_DATA (or DATABASE_URL) until stopped')
  .option('--no-worker', 'only the API; a worker elsewhere does the imports')
  .action((options: { worker: boolean }) => run('info', (config, log) => serveCommand(config, log, options)));

program
  .command('worker')
  .description('do imports and embedding for a server elsewhere (needs DATABASE_URL)')
  .action(() => run('info', workerCommand));

program
  .command('import')
  .description(
    'import a folder, a ZIP archive, a manifest (.jsonl, .csv, .xlsx) with the files it names, or an address: here, or through the running server',
  )
  .argument('<target>', 'folder, archive, manifest or http(s) address')
  .option('--brand <key>', 'brand of every asset whose row names none')
  .option('--tag <name...>', 'tags of every asset whose row names none')
  .option('--collection <name>', 'collection to put the assets into')
  .option('--key <text>', 'idempotency key: the same key again continues or repeats nothing')
  .option('--dry-run', 'only predict what would become of every file')
  .option('--on-duplicate <policy>', 'return-existing, reject, keep-both or new-version', 'return-existing')
  .option('--duplicate-by <kind...>', 'what counts as a duplicate: exact, pixels, near')
  .option('--json', 'print the result as one line of JSON')
  .addHelpText(
    'after',
    '\nExit codes: 0 all imported, 2 some items were not, 1 it could not begin, 130 interrupted (the same command goes on).',
  )
  .action((target: string, options: ImportOptions) => run('warn', (config, log) => importCommand(config, log, target, options)));

const watch = program.command('watch').description('folders on the server whose new files are imported by themselves (role ADMIN)');

watch
  .command('add')
  .description('watch a folder inside VITRINE_IMPORT_ROOTS, with all below it')
  .argument('<folder>', 'folder on the machine of the server')
  .option('--settle <seconds>', 'how long size and time of a file must stay the same before it is imported', '30')
  .option('--brand <key>', 'brand of every asset from it')
  .option('--tag <name...>', 'tags of every asset from it')
  .option('--collection <name>', 'collection to put the assets into')
  .option('--on-duplicate <policy>', 'return-existing, reject, keep-both or new-version', 'return-existing')
  .action((folder: string, options: WatchAddOptions) => run('warn', (config, log) => addWatchCommand(config, log, folder, options)));

watch
  .command('list')
  .description('watched folders, what is waited for, and what went wrong')
  .option('--json', 'print one line of JSON')
  .action((options: { json?: boolean }) => run('warn', (config, log) => listWatchCommand(config, log, options)));

for (const [action, description] of [
  ['Pause', 'look at a folder no more until it is resumed'],
  ['Resume', 'look at a folder again'],
  ['Remove', 'watch a folder no more; what was imported stays'],
] as const) {
  watch
    .command(action.toLowerCase())
    .description(description)
    .argument('<folder>', 'its path')
    .action((folder: string) => run('warn', (config, log) => changeWatchCommand(config, log, action, folder)));
}

program
  .command('edit')
  .description('change many assets at once: here, or through the running server')
  .option('--filter <json>', `the assets: the API's AssetFilter as JSON, such as '{"tags": {"any": ["press"]}}'; '{}' for all`)
  .option('--asset <id...>', 'or these assets, by id')
  .option('--add-tag <name...>', 'tags to add')
  .option('--remove-tag <name...>', 'tags to take away')
  .option('--set-tags <name...>', 'all tags that each asset is to have')
  .option('--add-to <collection...>', 'collections to put them into')
  .option('--remove-from <collection...>', 'collections to take them out of')
  .option('--brand <key>', "brand that they belong to; '' for none")
  .option('--title <text>', 'title; {title}, {fileName} and {externalId} stand for those of each asset')
  .option('--metadata <key=value...>', 'further facts; key= clears one')
  .option('--key <text>', 'idempotency key: the same key again repeats nothing')
  .option('--dry-run', 'only show what would change, and what rules would say')
  .option('--undo <id>', 'take an edit back instead')
  .option('--json', 'print the result as one line of JSON')
  .addHelpText('after', '\nExit codes: 0 done, 2 some assets were left as they are, 1 it could not begin.')
  .action((options: EditOptions) => run('warn', (config, log) => editCommand(config, log, options)));

program
  .command('export')
  .description('write files and a manifest to a ZIP archive that an import takes back: here, or from the running server')
  .requiredOption('--out <file>', 'archive to write')
  .option('--filter <json>', "the assets: the API's AssetFilter as JSON; all when left out")
  .option('--asset <id...>', 'or these assets, by id')
  .option('--rendition <preset>', 'renditions instead of the original files, such as web-large')
  .option('--manifest <format>', 'jsonl or csv', 'jsonl')
  .option('--with-metadata', 'write what the library says about each asset into a copy of its file, or into an XMP file beside it')
  .action((options: ExportOptions) => run('warn', (config, log) => exportCommand(config, log, options)));

program
  .command('storage')
  .description('files in storage')
  .command('check')
  .description('compare storage with the database: files that no row is about, and rows whose file is missing')
  .option('--repair', 'remove files that no row is about, and what has expired')
  .option('--grace-hours <n>', 'leave alone what was stored within so many hours', '24')
  .option('--force', 'remove even if most files are unknown to this database')
  .option('--json', 'print the result as one line of JSON')
  .addHelpText('after', '\nExit codes: 0 all is well, 2 files are missing or without a row, 1 it could not begin.')
  .action((options: StorageCheckCommandOptions) => run('warn', (config, log) => checkStorageCommand(config, log, options)));

program
  .command('demo')
  .description('draw, import and search a sample library, print a compliance report, then serve it')
  .option('--once', 'exit after printing')
  .action((options: { once?: boolean }) => run('warn', (config, log) => demoCommand(config, log, options)));

program
  .command('keys')
  .description('API keys')
  .command('create')
  .description('make an API key and show it, once')
  .requiredOption('--name <text>', 'what it is for')
  .option('--role <role>', 'VIEWER, EDITOR or ADMIN', 'VIEWER')
  .action((options: { name: string; role: string }) => run('warn', (config, log) => createKeyCommand(config, log, options)));

const signingKeys = program.command('signing-keys').description('what links to files are signed with');

signingKeys
  .command('list')
  .description('keys, without their secrets')
  .option('--json', 'print one line of JSON')
  .action((options: { json?: boolean }) => run('warn', (config, log) => listSigningKeysCommand(config, log, options)));

signingKeys
  .command('rotate')
  .description('sign with a new key from now on; other processes take it up within ten seconds')
  .option('--overlap-days <n>', 'how long links of the keys before go on working; 0 when a secret got out: they all end at once', '366')
  .option('--json', 'print one line of JSON')
  .action((options: { overlapDays: string; json?: boolean }) =>
    run('warn', (config, log) => rotateSigningKeysCommand(config, log, options)),
  );

const models = program.command('models').description('the model that sees what is in the pictures');

models
  .command('list')
  .description('models that are here, and those that can be fetched')
  .option('--json', 'print one line of JSON')
  .action((options: { json?: boolean }) => run('warn', (config) => listModelsCommand(config, options)));

models
  .command('pull')
  .description('fetch a model; run again after a break it goes on')
  .argument('<id>', 'a name from `models list`')
  .option('--precision <name>', 'fp32, fp16 or int8, where the model is published in several')
  .action((id: string, options: { precision?: string }) => run('warn', (config) => pullModelCommand(config, id, options)));

models
  .command('add')
  .description('take a CLIP export in the Hugging Face ONNX layout from a folder: for machines without network')
  .argument('<folder>', 'folder with config.json and onnx/')
  .option('--id <name>', "its name here; by default the manifest's, else the folder's")
  .option('--precision <name>', 'fp32, fp16 or int8, where the folder has several')
  .action((folder: string, options: { id?: string; precision?: string }) =>
    run('warn', (config) => addModelCommand(config, folder, options)),
  );

models
  .command('verify')
  .description('check files, load and run a model, and compare it with the figures published about it')
  .argument('[id]', 'a name from `models list` or a path; the chosen model when left out')
  .option('--pictures <folder>', 'folder with the pictures that published figures are about')
  .option('--json', 'print one line of JSON')
  .action((id: string | undefined, options: { pictures?: string; json?: boolean }) =>
    run('warn', (config) => verifyModelCommand(config, id, options)),
  );

models
  .command('use')
  .description('bring a model into use: fetch it when it is not here, make its vectors beside those in use, switch')
  .argument('<id>', 'a name from `models list`')
  .option('--precision <name>', 'precision to fetch')
  .action((id: string, options: { precision?: string }) => run('warn', (config, log) => useModelCommand(config, log, id, options)));

const detectors = program
  .command('detectors')
  .description('the detector that finds people, products and other things in pictures (docs/detectors.md)');

detectors
  .command('list')
  .description('detectors that are here')
  .option('--json', 'print one line of JSON')
  .action((options: { json?: boolean }) => run('warn', (config) => listDetectorsCommand(config, options)));

detectors
  .command('add')
  .description('take an ONNX detector (of the YOLO kind) from a folder with a detector.json; it is run once before it is taken')
  .argument('<folder>', 'folder with detector.json and the .onnx file that it names')
  .action((folder: string) => run('warn', (config) => addDetectorCommand(config, folder)));

detectors
  .command('use')
  .description('choose the detector; pictures are searched by it in the background from the next start on')
  .argument('<id>', 'an id from `detectors list`, or none')
  .action((id: string) => run('warn', (config) => useDetectorCommand(config, id)));

const compliance = program.command('compliance').description('compliance records');

compliance
  .command('verify')
  .description(
    'recompute the hash chain over the history of findings and the sums that lists read; exits with 1 when anything is not as it was written',
  )
  .option('--json', 'print the result as one line of JSON')
  .action((options: { json?: boolean }) => run('warn', (config, log) => verifyHistoryCommand(config, log, options)));

compliance
  .command('recount')
  .description('make the sums anew that lists, filters and facets read, where verify found them wrong')
  .action(() => run('warn', (config, log) => recountCommand(config, log)));

const guideline = program.command('guideline').description('guidelines as files (docs/guideline-files.md)');

guideline
  .command('export')
  .description('write a brand with its guidelines, rules and test cases as a file: here, or through the server that is running')
  .requiredOption('--brand <key>', 'the brand')
  .option('--guideline <key>', 'only this guideline of the brand')
  .option('--format <name>', "yaml or json; by the file's ending when left out")
  .option('--out <file>', 'file to write; standard output when left out')
  .action((options: GuidelineExportOptions) => run('warn', (config, log) => exportGuidelineCommand(config, log, options)));

guideline
  .command('import')
  .description('make brands, guidelines and rules be as a file says, all or nothing; doing it again changes nothing')
  .argument('<file>', 'YAML or JSON')
  .option('--publish', 'rules come into the state that the file says; otherwise new ones are drafts')
  .option('--retire-missing', 'rules that the guideline has and the file does not name are retired')
  .option('--skip-missing-assets', 'test cases and marks whose asset is not in the library are left out')
  .option('--dry-run', 'check and tell everything, keep nothing')
  .option('--json', 'print the result as one line of JSON')
  .addHelpText('after', '\nExit codes: 0 imported, 2 the file was refused (all faults are told), 1 it could not begin.')
  .action((file: string, options: GuidelineImportCommandOptions) =>
    run('warn', (config, log) => importGuidelineCommand(config, log, file, options)),
  );

guideline
  .command('check')
  .description('check a guideline file without a library: all faults, with path and line; exits with 2 when there are any')
  .argument('<file>', 'YAML or JSON')
  .option('--json', 'print the result as one line of JSON')
  .action((file: string, options: { json?: boolean }) => run('warn', () => checkGuidelineCommand(file, options)));

guideline
  .command('schema')
  .description('print the JSON Schema of guideline files, for editors')
  .action(() => run('warn', guidelineSchemaCommand));

program
  .command('report')
  .description('write a compliance report to a file: here, or through the server that is running')
  .requiredOption('--out <file>', 'file to write')
  .option('--brand <key>', 'the brand; all brands when left out')
  .option('--format <name>', "pdf, html, csv or jsonl; by the file's ending when left out")
  .option('--as-of <moment>', 'a moment of the past, such as 2026-11-24T06:30:00Z')
  .option('--worst <n>', 'how many of the worst assets to show', '12')
  .action((options: ReportCommandOptions) => run('warn', (config, log) => reportCommand(config, log, options)));

/** Reads the configuration, runs a command, and turns errors into one clear line and an exit code. */
async function run(logLevel: string, command: (config: Config, log: Logger) => Promise<unknown>): Promise<void> {
  try {
    const config = readConfig();
    // What a person reads comes first: commands that print results log less, unless asked for more.
    const exitCode = await command(config, createLogger(config.logLevel === 'info' ? logLevel : config.logLevel));
    process.exitCode = typeof exitCode === 'number' ? exitCode : 0;
  } catch (error) {
    // Of what nobody expected, the stack and not the object: properties of libraries' errors hold what they were given, passwords too.
    const text = isVitrineError(error) ? `${error.code}: ${error.message}` : `INTERNAL: ${(error as Error)?.stack ?? error}`;
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}

await program.parseAsync();
