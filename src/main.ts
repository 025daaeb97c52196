#!/usr/bin/env node
import { Command } from 'commander';
import { demoCommand } from './cli/demo.command.js';
import { importCommand, type ImportOptions } from './cli/import.command.js';
import { createKeyCommand } from './cli/keys.command.js';
import { serveCommand, workerCommand } from './cli/serve.command.js';
import { type Config, readConfig } from './config.js';
import { isVitrineError } from './errors.js';
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
  .description('import a folder, or a manifest (.jsonl, .csv) with the files it names: here, or through the server that is running')
  .argument('<path>', 'folder or manifest')
  .option('--brand <key>', 'brand of every asset whose row names none')
  .option('--tag <name...>', 'tags of every asset whose row names none')
  .option('--collection <name>', 'collection to put the assets into')
  .option('--key <text>', 'idempotency key: the same key again continues or repeats nothing')
  .option('--json', 'print the result as one line of JSON')
  .action((target: string, options: ImportOptions) => run('warn', (config, log) => importCommand(config, log, target, options)));

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

/** Reads the configuration, runs a command, and turns errors into one clear line and an exit code. */
async function run(logLevel: string, command: (config: Config, log: Logger) => Promise<unknown>): Promise<void> {
  try {
    const config = readConfig();
    // What a person reads comes first: commands that print results log less, unless asked for more.
    const exitCode = await command(config, createLogger(config.logLevel === 'info' ? logLevel : config.logLevel));
    process.exitCode = typeof exitCode === 'number' ? exitCode : 0;
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exitCode = 1;
  }
}

await program.parseAsync();
